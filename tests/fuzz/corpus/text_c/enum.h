enum { LIMIT = 5432, };
static inline char *f(void) { return format("dbname=d port=%u", LIMIT); }
