subprocess.run(["psql"], env={**os.environ, "PGPORT": "5432", "PGHOST": "db"}, check=True)
subprocess.run(["psql"], env=dict(os.environ, LANG="C"))
