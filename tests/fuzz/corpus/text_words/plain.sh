#!/bin/sh
# psql postgres://old:5432/d
port=5432 host="db"
psql "postgres://u@db:5432/d" -c "select 5432" # 5432
