# DSN="host=db port=5432"
port="5432"
host='db' user=postgres
pg_isready -p 5432
ssh -L 5432:db:5432 db
