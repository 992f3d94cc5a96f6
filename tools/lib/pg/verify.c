/* SPDX-License-Identifier: ISC */
/* verify.c: the proof that a login works, by doing it. */
#include "base/clock.h"
#include "verify.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two tries, in ms: short against server_login_retry, long against a refused connect. */
#define RETRY_PAUSE 200

/* login_read takes over the row of the SELECT and what the connection knows of itself. */
static bool
login_read(const PGconn *conn, const PGresult *r, struct tw_login *login, struct tw_err *e)
{
	if (PQntuples(r) != 1 || PQnfields(r) != 3)
		return tw_fail(e, EX_UNAVAILABLE, "not the answer of a PostgreSQL server");
	snprintf(login->role, sizeof(login->role), "%s", PQgetvalue(r, 0, 0));
	snprintf(login->database, sizeof(login->database), "%s", PQdb(conn));
	snprintf(login->host, sizeof(login->host), "%s", PQhost(conn));
	snprintf(login->port, sizeof(login->port), "%s", PQport(conn));
	login->pooled = strtol(PQgetvalue(r, 0, 1), NULL, 10) != PQbackendPID(conn);
	login->in_recovery = strcmp(PQgetvalue(r, 0, 2), "t") == 0;
	return true;
}

bool
tw_login_try(const struct tw_pg_params *p, tw_ms timeout, struct tw_login *login, struct tw_err *e)
{
	struct tw_login own = { .tries = 1 };
	tw_ms deadline = tw_pg_now() + timeout;
	const long long start = tw_clock_us();
	PGconn *conn = NULL;
	PGresult *r = NULL;
	bool ok = tw_pg_connect(p, deadline, &conn, e) &&
	          tw_pg_exec(conn, "BEGIN", deadline, NULL, e) &&
	          tw_pg_exec(conn, "SELECT current_user, pg_backend_pid(), pg_is_in_recovery()",
	                     deadline, &r, e) &&
	          login_read(conn, r, &own, e) && tw_pg_exec(conn, "COMMIT", deadline, NULL, e);

	own.ms = (double)(tw_clock_us() - start) / 1e3;
	PQclear(r);
	PQfinish(conn);
	if (ok)
		*login = own;
	return ok;
}

bool
tw_login_retry(const struct tw_pg_params *p, tw_ms timeout, tw_ms retry, struct tw_login *login,
               struct tw_err *e)
{
	tw_ms start = tw_pg_now(), end = start + (retry > timeout ? retry : timeout);
	int tries = 0;
	bool ok;

	for (;;) {
		tw_ms left = end - tw_pg_now();

		*e = (struct tw_err)TW_ERR_INIT;
		tries++;
		ok = tw_login_try(p, left < timeout ? left : timeout, login, e);
		if (ok || e->exit != EX_UNAVAILABLE || tw_pg_now() + RETRY_PAUSE >= start + retry)
			break;
		poll(NULL, 0, RETRY_PAUSE);
	}
	if (ok)
		login->tries = tries;
	else if (tries > 1)
		tw_context(e, "%d tries in %lld s", tries, (tw_pg_now() - start + 500) / 1000);
	return ok;
}
