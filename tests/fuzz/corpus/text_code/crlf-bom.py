D = "postgres://h:5432/d" # 5432
E = "5432"