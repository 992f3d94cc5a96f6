d := "host=db port=5432 dbname=" + name
