host, name = os.getenv("DB_HOST", "db"), os.getenv("DB_NAME", "d")
port = os.environ.get("PGPORT", "5432")
db_port = os.getenv("DB_PORT", 5432)
