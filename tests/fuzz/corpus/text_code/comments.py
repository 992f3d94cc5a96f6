# DSN = "postgres://h:5432/d"
port = 5432
d = {"port": "5432", "t": "15:54:32"}
'''log: connected to db port 5432'''
