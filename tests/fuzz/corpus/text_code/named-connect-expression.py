import psycopg
conn = psycopg.connect(
    host=settings.host,  # 5432
    port='5432',
    dbname="d" if test else "e",
)
