import os
os.environ["PGHOST"] = "db"
os.environ["PGPORT"] = "5432"  # not 5432
