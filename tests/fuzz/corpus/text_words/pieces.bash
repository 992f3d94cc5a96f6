DSN="host=db "'port=54'"32 dbname=$DB"
