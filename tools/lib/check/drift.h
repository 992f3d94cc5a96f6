/* SPDX-License-Identifier: ISC */
/*
 * drift.h: whether the pooler's auth file has the secrets that PostgreSQL has. Where it has not, no
 * server connection comes up any more, while those that are there go on: an outage that waits.
 */
#pragma once

#include "stress/sample.h"

struct tw_drift {
	size_t compared, differ;
	char names[256]; /* of the roles that differ, as many as fit: "game, other" */
};

/*
 * tw_drift_ask compares the SCRAM and MD5 secrets of the file `auth_file` with those of the roles
 * of the same names, by their digests: no secret leaves PostgreSQL, and none is sent there. `conn`
 * is a superuser's. Errors: EX_NOINPUT (the file cannot be read), EX_DATAERR, errors of tw_pg_exec.
 */
bool tw_drift_ask(const char *auth_file, PGconn *conn, tw_ms deadline, struct tw_drift *drift,
                  struct tw_err *e);
