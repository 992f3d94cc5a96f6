def connect(host="db", port=5432, dbname="d"):
    pass
