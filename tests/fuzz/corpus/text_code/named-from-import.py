from asyncpg import create_pool
pool = create_pool(host="db", port=5432, database="d", min_size=5432)
