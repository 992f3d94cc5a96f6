/* SPDX-License-Identifier: ISC */
/* verify.h: one login and one transaction, as an application would do them. */
#pragma once

#include "pg.h"

/* What was found out on the way. `pooled`: somebody stands between us and the backend. */
struct tw_login {
	char role[128];
	char database[128]; /* as the connection names it */
	char host[256];
	char port[16];
	bool pooled;
	bool in_recovery;
	double ms; /* from the first packet to the COMMIT */
	int tries;
};

/*
 * tw_login_try logs in and runs BEGIN, SELECT and COMMIT, each as a statement of its own, within
 * timeout ms. Tells a pooler by the backend's pid: PgBouncer hands out a random key in the place
 * of the pid (BackendKeyData; measured on 1.18). Errors as tw_pg_connect.
 */
bool tw_login_try(const struct tw_pg_params *p, tw_ms timeout, struct tw_login *login,
                  struct tw_err *e);

/*
 * tw_login_retry repeats tw_login_try while it ends in EX_UNAVAILABLE and `retry` ms have not
 * passed: PgBouncer refuses for server_login_retry after PostgreSQL has come back.
 */
bool tw_login_retry(const struct tw_pg_params *p, tw_ms timeout, tw_ms retry,
                    struct tw_login *login, struct tw_err *e);
