conn = connect(
    "host=db "  # the "primary", port=5432
    r'port=5432 '
    "dbname=d")
