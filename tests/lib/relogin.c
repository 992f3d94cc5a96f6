/* SPDX-License-Identifier: ISC */
/*
 * relogin.c: bots that log in all the time, as a server that reads its DSN before each login does:
 * one that fails reads it again and tries once more. For the test of a rotation.
 *
 * usage: relogin FILE DATABASE BOTS SECONDS     FILE is JSON with the DSN at "app", without escapes
 * Prints: LOGINS RETRIES FAILURES; ends early, and well, when FILE.stop is there.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct count {
	long logins, retries, failures;
	char why[160];
};

/* dsn_read reads the DSN of the file, with the first %DB% replaced. */
static void
dsn_read(const char *file, const char *database, char *out, size_t size)
{
	char text[4096], *at, *end, *mark;
	FILE *f = fopen(file, "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	*out = '\0';
	if ((at = strstr(text, "\"app\": \"")) == NULL || (end = strchr(at + 8, '"')) == NULL)
		return;
	*end = '\0';
	at += 8;
	mark = strstr(at, "%DB%");
	if (mark == NULL)
		snprintf(out, size, "%s", at);
	else
		snprintf(out, size, "%.*s%s%s", (int)(mark - at), at, database, mark + 4);
}

/* login is one login and one query. */
static int
login(const char *file, const char *database, struct count *c)
{
	char dsn[4096];
	PGconn *conn;
	PGresult *r;
	int ok;

	dsn_read(file, database, dsn, sizeof(dsn));
	conn = PQconnectdb(dsn);
	r = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, "SELECT 1") : NULL;
	ok = r != NULL && PQresultStatus(r) == PGRES_TUPLES_OK;
	if (!ok)
		snprintf(c->why, sizeof(c->why), "%s", PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return ok;
}

/* bot logs in until the time is over. */
static void
bot(char **argv, struct count *c)
{
	time_t end = time(NULL) + atoi(argv[4]);
	char stop[4096];

	snprintf(stop, sizeof(stop), "%s.stop", argv[1]);
	while (time(NULL) < end && access(stop, F_OK) != 0) {
		int ok = login(argv[1], argv[2], c);

		if (!ok) {
			c->retries++;
			ok = login(argv[1], argv[2], c);
		}
		c->logins += ok;
		c->failures += !ok;
	}
}

int
main(int argc, char **argv)
{
	int n = argc == 5 ? atoi(argv[3]) : 0;
	struct count *c, sum = { 0 };

	if (n < 1)
		return 64;
	c = mmap(NULL, (size_t)n * sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	         -1, 0);
	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			bot(argv, &c[i]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < n; i++) {
		sum.logins += c[i].logins;
		sum.retries += c[i].retries;
		sum.failures += c[i].failures;
		if (c[i].failures > 0)
			fprintf(stderr, "%s", c[i].why);
	}
	printf("%ld %ld %ld\n", sum.logins, sum.retries, sum.failures);
	return 0;
}
