#define PORT "5432"
const char *dsn = "host=h port=" PORT " dbname=d";
