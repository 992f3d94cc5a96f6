putenv("DATABASE_URL=postgres://u@h:5432/d");
