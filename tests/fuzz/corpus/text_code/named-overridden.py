subprocess.run(["psql"], env={"PGHOST": "db", "PGPORT": "5432", **os.environ})
