static const char *const port = "5432";
PGconn *f(void) { return PQsetdbLogin("h", port, NULL, NULL, "d", "u", "p"); }
