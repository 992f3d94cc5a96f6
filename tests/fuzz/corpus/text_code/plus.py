D = "host=db port=5432 user=" + user
