if [ -n "$TEST" ]; then export PGPORT=5433; else export PGPORT=5432; fi
