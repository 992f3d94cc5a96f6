redis.Redis(host="db", port=5432, db=0)
mysql.connector.connect(host="db", port=5432, database="d")
smtplib.SMTP(host="db", port=5432)
