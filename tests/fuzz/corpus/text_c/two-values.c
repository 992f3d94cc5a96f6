#ifdef TEST
#define PORT 5433
#else
#define PORT 5432
#endif
void f(void) { g("host=h port=%d", PORT); }
