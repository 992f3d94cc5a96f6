PGPORT=5432 PGDATABASE=game ./server --port 5432 "$@"
