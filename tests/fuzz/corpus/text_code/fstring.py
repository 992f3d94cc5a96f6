url = f"postgresql+psycopg2://{user}:{pw['x']}@{host}:5432/{db}"
