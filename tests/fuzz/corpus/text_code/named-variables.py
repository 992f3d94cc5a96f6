import psycopg2
port = 5432
host = "h"
name = "d"
t = a[port:5432]
if port == 5432 and cfg.port != 5432:
    s.connect(("h", 5432))
app.run(host="0.0.0.0", port=5432)
