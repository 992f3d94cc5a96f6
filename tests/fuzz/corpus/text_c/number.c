#include <libpq-fe.h>
#define DB_PORT 5432 /* port=5432 */
#define WEB_PORT 5432
int web = WEB_PORT;
void f(char *b) { snprintf(b, 9, "host=%s port=%d dbname=%s", "h", DB_PORT, "d"); }
