var dsn = `host=db port=5432 dbname=d password='a\\\\'`
