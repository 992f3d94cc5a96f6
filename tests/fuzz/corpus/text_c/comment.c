// #define PORT 5432
#define PORT_TEXT "5432x"
#define OTHER 54321234
void f(void) { g("port=%d", PORT + OTHER); }
