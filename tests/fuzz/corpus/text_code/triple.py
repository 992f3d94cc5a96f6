"""Docs: host=h port=5432 is the default."""
DSN = """host=db
  port=5432
  dbname=d"""
