import psycopg2
PORT = 5432
conn = psycopg2.connect(host="db", port=PORT)
