import psycopg2
conn = psycopg2.connect(host="db", dbname="d")
