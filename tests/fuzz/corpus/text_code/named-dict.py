cfg = dict(port=5432, host="db", dbname="d")
web = dict(port=5432, host="0.0.0.0")
