/* SPDX-License-Identifier: ISC */
/* pg.c: libpq's non-blocking half driven by poll, and its errors as exit codes. */
#include "base/clock.h"
#include "base/scrub.h"
#include "pg.h"
#include "local.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

tw_ms
tw_pg_now(void)
{
	return tw_clock_ms();
}

void
tw_pg_environment_clear(bool keep_files)
{
	extern char **environ;
	size_t i = 0;

	while (environ != NULL && environ[i] != NULL) {
		size_t n = strcspn(environ[i], "=");
		char name[64];

		if (strncmp(environ[i], "PG", 2) != 0 || n >= sizeof(name)) {
			i++;
			continue;
		}
		memcpy(name, environ[i], n);
		name[n] = '\0';
		if (keep_files &&
		    (strcmp(name, "PGPASSFILE") == 0 || strcmp(name, "PGSYSCONFDIR") == 0 ||
		     strcmp(name, "PGSERVICEFILE") == 0))
			i++;
		else
			unsetenv(name); /* moves the next one to environ[i] */
	}
}

/*
 * line_is_noise tells whether a line after the first one only explains: where in the server's
 * source the error arose, and libpq's guesses, which it indents.
 */
static bool
line_is_noise(const char *line)
{
	return strncmp(line, "LOCATION:", 9) == 0 || *line == '\t' ||
	       strncmp(line, "server closed the connection unexpectedly", 41) == 0;
}

/*
 * text_flatten is libpq's message as one line of at most size - 1 bytes: lines joined with "; ",
 * control bytes as blanks, blanks squeezed.
 */
static void
text_flatten(const char *text, char *out, size_t size)
{
	size_t used = 0;
	char gap = '\0'; /* what is due before the next byte */

	for (; *text != '\0' && used + 3 < size; text++) {
		while (*text == '\n' && line_is_noise(text + 1))
			text += 1 + strcspn(text + 1, "\n");
		if (*text == '\0')
			break;
		if (*text == '\n') {
			gap = ';';
		} else if (isspace((unsigned char)*text) || iscntrl((unsigned char)*text)) {
			gap = gap != '\0' ? gap : ' ';
		} else {
			if (gap == ';' && used > 0)
				out[used++] = ';';
			if (gap != '\0' && used > 0)
				out[used++] = ' ';
			gap = '\0';
			out[used++] = *text;
		}
	}
	out[used] = '\0';
}

/* It stands there as "FATAL:  28P01: ". Of a connection libpq has no result to ask for a field. */
bool
tw_pg_sqlstate(const char *text, char state[6])
{
	for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
		if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':') {
			memcpy(state, at + 3, 5);
			state[5] = '\0';
			return true;
		}
	}
	return false;
}

/*
 * error_is_refusal tells a login that is refused, and would be again, from a server that is not
 * there or not ready. PgBouncer 1.18 sends 08P01 for nearly everything (src/client.c), and libpq
 * nothing where it gives up itself, so that there only the words decide.
 */
static bool
error_is_refusal(const char *text)
{
	static const char *const states[] = { "28", "3D", "42", "0A" };
	static const char *const passing[] = { "server_login_retry",
		                               "no more connections allowed" };
	static const char *const refusals[] = {
		"authentication failed",
		"no password supplied",
		"login rejected",
		"not allowed",
		"no such user",
		"no such database",
		"wrong password type",
		"unsupported startup parameter",
		"bouncer config error",
		"SSL was required",
		"SSL required",
		"TLS required",
		"channel binding required",
	};
	char state[6] = "";

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		if (strstr(text, passing[i]) != NULL)
			return false;
	}
	if (tw_pg_sqlstate(text, state) && strncmp(state, "08", 2) != 0) {
		for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
			if (strncmp(state, states[i], 2) == 0)
				return true;
		}
		return false;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (strstr(text, refusals[i]) != NULL)
			return true;
	}
	return false;
}

bool
tw_pg_words(const char *secret, const char *text, char *out, size_t size)
{
	struct tw_buf clean = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	/* Before anything else could cut a secret in two. */
	bool ok = tw_scrub(text, strlen(text), &secret, 1, &clean, &ignored);

	if (ok)
		text_flatten(tw_buf_text(&clean), out, size);
	tw_buf_free(&clean);
	return ok;
}

bool
tw_pg_refused(const char *place, const char *text, struct tw_err *e)
{
	char line[sizeof(e->msg)];

	if (!tw_pg_words(NULL, text, line, sizeof(line)))
		return tw_fail(e, EX_OSERR, "out of memory");
	return tw_fail(e, error_is_refusal(text) ? EX_NOPERM : EX_UNAVAILABLE, "%s%s%s",
	               place != NULL ? place : "", place != NULL ? ": " : "", line);
}

bool
tw_pg_error_text(const PGconn *conn, const char *text, char *out, size_t size)
{
	return tw_pg_words(PQpass(conn), text, out, size);
}

/* pg_fail turns what libpq says about `conn` into an error. */
static bool
pg_fail(const PGconn *conn, const char *text, struct tw_err *e)
{
	char line[sizeof(e->msg)];

	if (!tw_pg_error_text(conn, text, line, sizeof(line)))
		return tw_fail(e, EX_OSERR, "out of memory");
	return tw_fail(e, error_is_refusal(text) ? EX_NOPERM : EX_UNAVAILABLE, "%s",
	               *line != '\0' ? line : "the connection was lost");
}

/* notice_drop keeps libpq from printing a server's notices on stderr. */
static void
notice_drop(void *nothing, const PGresult *notice)
{
	(void)nothing;
	(void)notice;
}

/* pg_place is "HOST:PORT" of a connection, for messages. */
static const char *
pg_place(const PGconn *conn, char *out, size_t size)
{
	const char *host = PQhost(conn), *port = PQport(conn);

	snprintf(out, size, "%s:%s", host != NULL && *host ? host : "the default socket",
	         port != NULL && *port ? port : "5432");
	return out;
}

/* pg_wait waits until the socket is ready for `events`; EX_UNAVAILABLE at the deadline. */
static bool
pg_wait(const PGconn *conn, short events, tw_ms deadline, struct tw_err *e)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = events };
	char place[256];

	for (;;) {
		tw_ms left = deadline - tw_pg_now();
		int n = left > 0 ? poll(&p, 1, left > 60000 ? 60000 : (int)left) : 0;

		if (n > 0)
			return true;
		if (left <= 0)
			return tw_fail(e, EX_UNAVAILABLE, "%s: no answer in time",
			               pg_place(conn, place, sizeof(place)));
		if (n < 0 && errno != EINTR)
			return tw_fail_errno(e, EX_OSERR, "poll");
	}
}

/* pg_poll drives PQconnectPoll to its end. */
static bool
pg_poll(PGconn *conn, tw_ms deadline, struct tw_err *e)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD)
			return pg_fail(conn, PQerrorMessage(conn), e);
		if (!pg_wait(conn, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, e))
			return false;
		next = PQconnectPoll(conn);
	}
	return true;
}

bool
tw_pg_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e)
{
	bool wanted = false;
	PGconn *own;

	if (tw_local_fits(p)) {
		struct tw_err first = TW_ERR_INIT;

		if (tw_local_connect(p, deadline, conn, &wanted, &first))
			return true;
		if (!wanted) {
			*e = first;
			return false;
		}
	}
	own = PQconnectStartParams((const char *const *)p->keyword, (const char *const *)p->value,
	                           0);

	if (own == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	PQsetErrorVerbosity(own, PQERRORS_VERBOSE); /* the SQLSTATE stands in the text */
	PQsetNoticeReceiver(own, notice_drop, NULL);
	if (!pg_poll(own, deadline, e)) {
		PQfinish(own);
		return false;
	}
	/* A blocking PQfinish would wait for ever where the other side has stopped reading. */
	if (PQsetnonblocking(own, 1) != 0) {
		pg_fail(own, PQerrorMessage(own), e);
		PQfinish(own);
		return false;
	}
	*conn = own;
	return true;
}

/* pg_send sends one statement entirely, reading meanwhile as libpq's manual asks. */
static bool
pg_send(PGconn *conn, const char *sql, tw_ms deadline, struct tw_err *e)
{
	int more;

	if (PQsendQuery(conn, sql) != 1)
		return pg_fail(conn, PQerrorMessage(conn), e);
	while ((more = PQflush(conn)) == 1) {
		if (!pg_wait(conn, POLLIN | POLLOUT, deadline, e))
			return false;
		if (PQconsumeInput(conn) != 1)
			break;
	}
	return more == 0 || pg_fail(conn, PQerrorMessage(conn), e);
}

/* result_is_copy tells a result that libpq would give again and again, until data was copied. */
static bool
result_is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* pg_result is the next result, or NULL at the end; false at an error of the connection. */
static bool
pg_result(PGconn *conn, tw_ms deadline, PGresult **result, struct tw_err *e)
{
	PGresult *next;

	while (PQisBusy(conn)) {
		if (!pg_wait(conn, POLLIN, deadline, e))
			return false;
		if (PQconsumeInput(conn) != 1)
			return pg_fail(conn, PQerrorMessage(conn), e);
	}
	next = PQgetResult(conn);
	if (result_is_copy(next)) {
		PQclear(next);
		return tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
	}
	*result = next;
	return true;
}

/* pg_drain throws away what may follow the first result. */
static bool
pg_drain(PGconn *conn, tw_ms deadline, struct tw_err *e)
{
	PGresult *result;
	bool more = true;

	while (more) {
		if (!pg_result(conn, deadline, &result, e))
			return false;
		more = result != NULL;
		PQclear(result);
	}
	return true;
}

bool
tw_pg_exec(PGconn *conn, const char *sql, tw_ms deadline, PGresult **result, struct tw_err *e)
{
	PGresult *first = NULL;
	bool ok;
	ExecStatusType status;

	if (tw_local_is(conn))
		return tw_local_exec(conn, sql, deadline, result, e);
	ok = pg_send(conn, sql, deadline, e) && pg_result(conn, deadline, &first, e) &&
	     pg_drain(conn, deadline, e);
	status = PQresultStatus(first);
	if (ok && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		ok = pg_fail(conn, first ? PQresultErrorMessage(first) : PQerrorMessage(conn), e);
	if (!ok || result == NULL)
		PQclear(first);
	else
		*result = first;
	return ok;
}
