import psycopg2
conn = psycopg2.connect(host=HOST, port=5432, dbname="d")
