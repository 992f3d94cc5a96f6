/* SPDX-License-Identifier: ISC */
/*
 * local.h: PostgreSQL's protocol spoken by ourselves, as far as a Unix socket that lets us in by
 * peer needs it: version 3.0, the simple query, text. It saves loading libpq, which takes ten times
 * as long as all that a check asks (TLS, Kerberos and LDAP come with it).
 * https://www.postgresql.org/docs/current/protocol.html
 *
 * Its connections and results go by libpq's types. Only a program that is linked with
 * tools/check_lazy.c, whose PQ functions know both kinds, may ask for them: see tw_pg_params.
 */
#pragma once

#include "pg.h"

/* tw_local_fits tells whether a connection with these parameters can be tried so. */
bool tw_local_fits(const struct tw_pg_params *p);

/*
 * tw_local_connect connects before `deadline`. *wanted is what the server asks for where that is
 * more than who we are (a password): then it fails, and libpq has to do it. Errors as
 * tw_pg_connect.
 */
bool tw_local_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, bool *wanted,
                      struct tw_err *e);

/* tw_local_exec is tw_pg_exec on such a connection; one that failed is not usable any more. */
bool tw_local_exec(PGconn *conn, const char *sql, tw_ms deadline, PGresult **result,
                   struct tw_err *e);

/*
 * tw_local_ahead sends n questions at once that tw_local_exec will ask next, in this order: one
 * round trip for all. `sql` stays the caller's until then. Only for answers that the socket holds
 * together: PgBouncer writes each one on its own as far as it fits, and the rest of two of them in
 * any order (1.18 to 1.25, src/pktbuf.c, pktbuf_send_func).
 */
bool tw_local_ahead(PGconn *conn, const char *const sql[], size_t n, tw_ms deadline,
                    struct tw_err *e);

/* These are PQfinish, PQclear and so on for what is ours; false, or -1, for what is libpq's. */
bool tw_local_is(const PGconn *conn);
bool tw_local_result_is(const PGresult *result);
void tw_local_finish(PGconn *conn);
int tw_local_socket(const PGconn *conn);
void tw_local_clear(PGresult *result);
int tw_local_rows(const PGresult *result);
int tw_local_columns(const PGresult *result);
int tw_local_column(const PGresult *result, const char *name);
char *tw_local_value(const PGresult *result, int row, int column); /* "" where NULL */
