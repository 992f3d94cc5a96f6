val pool = PostgresPool(host = "db", port = 5432, database = "d")
val web = Server(host = "db", port = 5432)
