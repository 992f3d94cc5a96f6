#!/bin/sh
export PGHOST=/run/postgresql PGPORT=5432
psql -p 5432 -c 'select 5432'
