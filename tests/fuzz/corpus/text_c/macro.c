char *d = "host=h port=5432 " OPTIONS;
