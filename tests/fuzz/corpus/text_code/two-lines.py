A = "port"
"host=db port=5432"
