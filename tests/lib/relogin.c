/* SPDX-License-Identifier: ISC */
/*
 * relogin.c: bots that log in all the time, as a server that reads its DSN before each login does:
 * one that fails reads it again and tries once more. For the test of a rotation.
 *
 * usage: relogin FILE DATABASE BOTS SECONDS     FILE is JSON with the DSN at "app", without escapes
 * Makes FILE.ready when each bot could have come twice, ends when that was so again after somebody
 * has made FILE.changed, or after the time. Prints: LOGINS RETRIES FAILURES.
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
	volatile int stop; /* of the first one: for all */
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
bot(char **argv, const struct count *all, struct count *c)
{
	time_t end = time(NULL) + atoi(argv[4]);

	while (time(NULL) < end && !all->stop) {
		int ok = login(argv[1], argv[2], c);

		if (!ok) {
			c->retries++;
			ok = login(argv[1], argv[2], c);
		}
		c->logins += ok;
		c->failures += !ok;
	}
}

/* watch is the parent's part: says when it is time for the change, and when it is over. */
static void
watch(char **argv, int n, struct count *c)
{
	time_t end = time(NULL) + atoi(argv[4]);
	char ready[4096], changed[4096];
	long base = -1, logins;
	FILE *f;

	snprintf(ready, sizeof(ready), "%s.ready", argv[1]);
	snprintf(changed, sizeof(changed), "%s.changed", argv[1]);
	while (time(NULL) < end && !c->stop) {
		logins = 0;
		for (int i = 0; i < n; i++)
			logins += c[i].logins + c[i].failures;
		if (logins >= 2 * n && access(ready, F_OK) != 0 && (f = fopen(ready, "w")) != NULL)
			fclose(f);
		if (base < 0 && access(changed, F_OK) == 0)
			base = logins;
		c->stop = base >= 0 && logins >= base + 2 * n;
		usleep(10000);
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
			bot(argv, c, &c[i]);
			_exit(0);
		}
	}
	watch(argv, n, c);
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
