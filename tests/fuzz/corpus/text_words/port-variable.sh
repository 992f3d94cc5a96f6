DSN="host=db port=${PORT:-5432}"
