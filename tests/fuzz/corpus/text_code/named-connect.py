import psycopg2
# psycopg2.connect(host="db", port=5432)
conn = psycopg2.connect(host="db", port=5432, user="u", password="5432")
server = Flask(host="0.0.0.0", port=5432)
