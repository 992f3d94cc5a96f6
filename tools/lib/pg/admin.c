/* SPDX-License-Identifier: ISC */
/* admin.c: the console speaks the simple protocol, and its columns change with the version. */
#include "admin.h"
#include "base/buf.h"
#include "local.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
tw_admin_connect(struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e)
{
	return tw_pg_params_default(p, "dbname", "pgbouncer", e) &&
	       tw_pg_params_default(p, "user", "pgbouncer", e) &&
	       tw_peer_connect(p, deadline, conn, e);
}

static const char *const commands[] = {
	[TW_ADMIN_CLIENTS] = "SHOW CLIENTS",
	[TW_ADMIN_CONFIG] = "SHOW CONFIG",
	[TW_ADMIN_DATABASES] = "SHOW DATABASES",
	[TW_ADMIN_LISTS] = "SHOW LISTS",
	[TW_ADMIN_POOLS] = "SHOW POOLS",
	[TW_ADMIN_SERVERS] = "SHOW SERVERS",
	[TW_ADMIN_SOCKETS] = "SHOW SOCKETS",
	[TW_ADMIN_STATE] = "SHOW STATE",
	[TW_ADMIN_STATS_TOTALS] = "SHOW STATS_TOTALS",
	[TW_ADMIN_USERS] = "SHOW USERS",
	[TW_ADMIN_VERSION] = "SHOW VERSION",
};

bool
tw_admin_ahead(PGconn *conn, const enum tw_admin_word words[], size_t n, tw_ms deadline,
               struct tw_err *e)
{
	const char *sql[TW_ADMIN_WORDS];

	if (!tw_local_is(conn))
		return true;
	for (size_t i = 0; i < n && i < TW_ADMIN_WORDS; i++)
		sql[i] = commands[words[i]];
	return tw_local_ahead(conn, sql, n, deadline, e);
}

bool
tw_admin_show(PGconn *conn, enum tw_admin_word word, tw_ms deadline, PGresult **rows,
              struct tw_err *e)
{
	return tw_pg_exec(conn, commands[word], deadline, rows, e) ||
	       tw_context(e, "%s", commands[word]);
}

bool
tw_admin_reload(PGconn *conn, tw_ms deadline, struct tw_err *e)
{
	return tw_pg_exec(conn, "RELOAD", deadline, NULL, e) || tw_context(e, "RELOAD");
}

/* database_resume is RESUME of one database, its name quoted as the console takes it. */
static bool
database_resume(PGconn *conn, const char *name, tw_ms deadline, struct tw_err *e)
{
	struct tw_buf sql = TW_BUF_INIT;
	bool ok = tw_buf_puts(&sql, "RESUME \"", e);

	for (; ok && *name != '\0'; name++)
		ok = (*name != '"' || tw_buf_add(&sql, "\"", 1, e)) && tw_buf_add(&sql, name, 1, e);
	ok = ok && tw_buf_puts(&sql, "\"", e) &&
	     (tw_pg_exec(conn, tw_buf_text(&sql), deadline, NULL, e) ||
	      tw_context(e, "%s", tw_buf_text(&sql)));
	tw_buf_free(&sql);
	return ok;
}

bool
tw_admin_resume(PGconn *conn, tw_ms deadline, bool *resumed, struct tw_err *e)
{
	struct tw_err not_paused = TW_ERR_INIT;
	PGresult *rows = NULL;
	bool ok;

	/* Up to 1.18 no SHOW tells whether all of it is paused; RESUME fails where it is not. */
	*resumed = tw_pg_exec(conn, "RESUME", deadline, NULL, &not_paused);
	ok = tw_admin_show(conn, TW_ADMIN_DATABASES, deadline, &rows, e);
	for (int i = 0; ok && i < PQntuples(rows); i++) {
		if (tw_admin_number(rows, i, "paused") == 0)
			continue;
		*resumed = true;
		ok = database_resume(conn, tw_admin_value(rows, i, "name"), deadline, e);
	}
	PQclear(rows);
	return ok;
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

long long
tw_admin_number(const PGresult *rows, int row, const char *column)
{
	const char *text = tw_admin_value(rows, row, column);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

void
tw_admin_copy(const PGresult *rows, int row, const char *column, char *out, size_t size)
{
	const char *text = tw_admin_value(rows, row, column);

	snprintf(out, size, "%s", text != NULL ? text : "");
}

bool
tw_admin_columns(const PGresult *rows, const char *command, const char *const columns[],
                 struct tw_err *e)
{
	for (; *columns != NULL; columns++) {
		if (PQfnumber(rows, *columns) < 0)
			return tw_fail(e, EX_UNAVAILABLE,
			               "%s: not the answer that is expected: no column \"%s\"",
			               command, *columns);
	}
	return true;
}
