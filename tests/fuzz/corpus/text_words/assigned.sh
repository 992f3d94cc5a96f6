export DSN='host=db port=5432 dbname=d'
