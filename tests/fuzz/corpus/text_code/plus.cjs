const u = "postgres://db:5432/" + name
