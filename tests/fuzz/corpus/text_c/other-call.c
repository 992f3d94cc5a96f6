#define PORT 5432
void f(void) { g("host=h dbname=d"); h(PORT); }
