if production:
    os.environ["PGPORT"] = "5432"
else:
    os.environ["PGPORT"] = "5433"
