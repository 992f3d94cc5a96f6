export PGPORT=5432
exec /usr/lib/postgresql/15/bin/postgres -D /data
