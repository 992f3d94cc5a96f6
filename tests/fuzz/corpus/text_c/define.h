// was "host=h port=5432"
#define DSN "host=h port=5432"
#define PORT 5432
