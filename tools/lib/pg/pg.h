/* SPDX-License-Identifier: ISC */
/*
 * pg.h: connections to PostgreSQL and PgBouncer with libpq, never blocking longer than a deadline.
 * What libpq cannot do without blocking is looking up a host's name: give addresses.
 */
#pragma once

#include <libpq-fe.h>
#include "base/err.h"

/* A deadline is a time of CLOCK_MONOTONIC in milliseconds. */
typedef long long tw_ms;

tw_ms tw_pg_now(void);

/* libpq knows 42 keywords in version 18; one connection names each at most once. */
#define TW_PG_KEYWORDS 63

/* Connection keywords and their values; the struct owns both. Values are wiped when freed. */
struct tw_pg_params {
	size_t n;
	char *keyword[TW_PG_KEYWORDS + 1];
	char *value[TW_PG_KEYWORDS + 1];
	bool wire; /* local.h may be used, where it fits */
};

#define TW_PG_PARAMS_INIT \
	{                 \
		0         \
	}

void tw_pg_params_free(struct tw_pg_params *p);

/* tw_pg_params_set gives one keyword a value, whether or not it had one. */
bool tw_pg_params_set(struct tw_pg_params *p, const char *keyword, const char *value,
                      struct tw_err *e);

/* tw_pg_params_default is tw_pg_params_set where the keyword has no value yet. */
bool tw_pg_params_default(struct tw_pg_params *p, const char *keyword, const char *value,
                          struct tw_err *e);

/* tw_pg_params_get is a keyword's value, borrowed, or NULL. */
const char *tw_pg_params_get(const struct tw_pg_params *p, const char *keyword);

/*
 * tw_pg_dsn_read reads a DSN argument: connection text in either of libpq's forms, or
 * @FILE, which is such text as a whole, or holds it as twpool-dsn finds it: @FILE#/json/pointer,
 * @FILE:LINE, or the only one of a JSON or C file. The first %DB% becomes `db` (NULL: left alone).
 * EX_USAGE for an argument that is malformed or holds a password (it would be in ps), EX_DATAERR
 * for such a file; neither repeats the text.
 */
bool tw_pg_dsn_read(const char *arg, const char *db, struct tw_pg_params *p, struct tw_err *e);

/*
 * tw_pg_environment_clear removes the variables PG* from the environment, so that nothing but the
 * given parameters decides where a connection goes. The three that name files of passwords and
 * services (PGPASSFILE, PGSERVICEFILE, PGSYSCONFDIR) stay where keep_files is true.
 */
void tw_pg_environment_clear(bool keep_files);

/*
 * tw_pg_connect connects before `deadline`. *conn is set on success only and is the caller's
 * (PQfinish). Errors, each with what the server said on one line and no password: EX_UNAVAILABLE
 * (nobody there, too late, or a state that passes), EX_NOPERM (the login is refused).
 */
bool tw_pg_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e);

/*
 * tw_pg_exec runs one statement with the simple protocol, the only one that PgBouncer's console
 * speaks. *result is the caller's (PQclear); `result` may be NULL. Errors as above.
 */
bool tw_pg_exec(PGconn *conn, const char *sql, tw_ms deadline, PGresult **result, struct tw_err *e);

/*
 * tw_pg_error_text is what libpq or the server says of a failure of `conn`, on one line of at most
 * size - 1 bytes and without its password; "" where nothing was said. False without memory.
 */
bool tw_pg_error_text(const PGconn *conn, const char *text, char *out, size_t size);

/* tw_pg_words is the same where the secret is known in another way; NULL: there is none. */
bool tw_pg_words(const char *secret, const char *text, char *out, size_t size);

/* tw_pg_sqlstate finds the SQLSTATE in a message of PQERRORS_VERBOSE; `state` is set if true. */
bool tw_pg_sqlstate(const char *text, char state[6]);

/*
 * tw_pg_refused makes an error of what a server says, "FATAL:  28000: ...": EX_NOPERM where a login
 * is refused and would be again, EX_UNAVAILABLE otherwise. `place` goes in front, or is NULL.
 */
bool tw_pg_refused(const char *place, const char *text, struct tw_err *e);
