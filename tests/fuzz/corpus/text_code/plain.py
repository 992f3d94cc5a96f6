# postgres://old:5432/x
DSN = 'postgres://u:p@db:5432/game'
PORT = 5432
