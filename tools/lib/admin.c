/* SPDX-License-Identifier: ISC */
/* admin.c: the console speaks the simple protocol, and its columns change with the version. */
#include "admin.h"

#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * console_user is the user who is let in at a Unix socket: the one whose pooler made it. Where the
 * console is not at a socket of which we know the file, it is ourselves.
 */
static uid_t
console_user(const struct tw_pg_params *p)
{
	const char *host = tw_pg_params_get(p, "host"), *port = tw_pg_params_get(p, "port");
	char path[512];
	struct stat st;

	if (host == NULL || host[0] != '/' || port == NULL)
		return geteuid();
	snprintf(path, sizeof(path), "%s/.s.PGSQL.%s", host, port);
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_uid : geteuid();
}

bool
tw_admin_connect(struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e)
{
	uid_t self = geteuid(), user;
	bool ok;

	if (!tw_pg_params_default(p, "dbname", "pgbouncer", e) ||
	    !tw_pg_params_default(p, "user", "pgbouncer", e))
		return false;
	user = self == 0 ? console_user(p) : self;
	if (user != self && seteuid(user) != 0)
		return tw_fail_errno(e, EX_OSERR, "become user id %u", (unsigned)user);
	/*
	 * On the way to the socket we stay root: our groups are still root's, and a directory may
	 * be open to everybody but these. setfsuid(2) asks for no more than a real user id of 0.
	 */
	setfsuid(self);
	ok = tw_pg_connect(p, deadline, conn, e);
	if (user != self && seteuid(self) != 0) {
		tw_fail_errno(e, EX_OSERR, "become user id %u again", (unsigned)self);
		if (ok)
			PQfinish(*conn);
		return false;
	}
	return ok;
}

bool
tw_admin_show(PGconn *conn, enum tw_admin_word word, tw_ms deadline, PGresult **rows,
              struct tw_err *e)
{
	static const char *const commands[] = {
		[TW_ADMIN_CONFIG] = "SHOW CONFIG",
		[TW_ADMIN_DATABASES] = "SHOW DATABASES",
	};

	return tw_pg_exec(conn, commands[word], deadline, rows, e) ||
	       tw_context(e, "%s", commands[word]);
}

const char *
tw_admin_value(const PGresult *rows, int row, const char *column)
{
	int number = PQfnumber(rows, column);

	return number >= 0 ? PQgetvalue(rows, row, number) : NULL;
}

int
tw_admin_row(const PGresult *rows, const char *column, const char *value)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		const char *field = tw_admin_value(rows, i, column);

		if (field != NULL && strcmp(field, value) == 0)
			return i;
	}
	return -1;
}
