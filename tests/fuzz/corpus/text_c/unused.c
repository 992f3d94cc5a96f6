#define PORT 5432
char *dsn = "host=h port=";
int f(void) { return listen(PORT); }
