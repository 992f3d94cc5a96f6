/* "postgres://h:5432/d" */
// "postgres://h:5432/d"
int port = 5432;
char *s = "5432";
