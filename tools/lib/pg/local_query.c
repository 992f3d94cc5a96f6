/* SPDX-License-Identifier: ISC */
/* local_query.c: questions and answers, one by one or sent ahead. */
#include "local.h"
#include "local_wire.h"

#include <string.h>

/* answer_take takes one message of an answer; *done at its end. */
static bool
answer_take(const struct local_message *m, PGresult **rows, bool *done, struct tw_err *e)
{
	char text[512];

	switch (m->type) {
	case 'T':
		if (*rows != NULL)
			break; /* a second result, which nobody asked for */
		*rows = tw_local_result(m, e);
		return *rows != NULL;
	case 'D':
		if (*rows == NULL)
			break;
		return tw_local_row(*rows, m, e);
	case 'E':
		if (e->exit == 0) {
			tw_local_error(m, text, sizeof(text));
			tw_pg_refused(NULL, text, e);
		}
		return true; /* until it is ready again */
	case 'Z':
		*done = true;
		return e->exit == 0;
	case 'C':
	case 'I':
	case 'N':
	case 'S':
		return true;
	default:
		break;
	}
	return tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
}

/* query_add appends the message that asks. */
static bool
query_add(struct tw_buf *out, const char *sql, struct tw_err *e)
{
	return tw_buf_puts(out, "Q", e) && tw_local_number(out, (long)strlen(sql) + 5, e) &&
	       tw_buf_add(out, sql, strlen(sql) + 1, e);
}

bool
tw_local_ahead(PGconn *conn, const char *const sql[], size_t n, tw_ms deadline, struct tw_err *e)
{
	struct local_wire *w = tw_local_wire(conn);
	struct tw_buf all = TW_BUF_INIT;
	bool ok = w->ahead_at == w->ahead_n && n <= LOCAL_AHEAD_MAX;

	if (!ok)
		return tw_fail(e, EX_SOFTWARE, "more questions ahead than fit");
	for (size_t i = 0; ok && i < n; i++) {
		w->ahead[i] = sql[i];
		ok = query_add(&all, sql[i], e);
	}
	ok = ok && tw_local_send(w, &all, deadline, e);
	w->ahead_at = 0;
	w->ahead_n = ok ? n : 0;
	tw_buf_free(&all);
	return ok;
}

/* query_send asks, unless that was done ahead. */
static bool
query_send(struct local_wire *w, const char *sql, tw_ms deadline, struct tw_err *e)
{
	struct tw_buf query = TW_BUF_INIT;
	bool ok;

	if (w->ahead_at < w->ahead_n)
		return strcmp(w->ahead[w->ahead_at++], sql) == 0 ||
		       tw_fail(e, EX_SOFTWARE, "another question was sent ahead");
	ok = query_add(&query, sql, e) && tw_local_send(w, &query, deadline, e);
	tw_buf_free(&query);
	return ok;
}

bool
tw_local_exec(PGconn *conn, const char *sql, tw_ms deadline, PGresult **result, struct tw_err *e)
{
	struct local_wire *w = tw_local_wire(conn);
	struct tw_err own = TW_ERR_INIT;
	PGresult *rows = NULL;
	struct local_message m;
	bool done = false, ok = query_send(w, sql, deadline, &own);

	while (ok && !done)
		ok = tw_local_next(w, deadline, &m, &own) && answer_take(&m, &rows, &done, &own);
	if (ok && result != NULL) {
		*result = rows;
		return rows != NULL ||
		       tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
	}
	tw_local_clear(rows);
	if (!ok)
		*e = own;
	return ok;
}
