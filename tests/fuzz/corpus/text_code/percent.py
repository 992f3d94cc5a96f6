D = "host=%s port=5432 user=%s" % (h, u)
