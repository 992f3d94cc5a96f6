/* SPDX-License-Identifier: ISC */
/* superuser.h: a piece of work done in PostgreSQL as its superuser, wherever that may come from. */
#pragma once

#include "base/buf.h"
#include "pg.h"
#include "site/site.h"

/* The work: appends its result to `out`, or fails. May run in a child. */
typedef bool (*tw_superuser_fn)(PGconn *conn, const void *arg, tw_ms deadline, struct tw_buf *out,
                                struct tw_err *e);

/*
 * tw_superuser_do connects to `dbname` as the superuser of `site`, over the local socket or through
 * the service auth.superuser_service, and runs fn. Where the caller is root and no service is used,
 * a child that has become the superuser's OS user does it (peer). `program` is what
 * pg_stat_activity shows. `out` is untouched on failure. Errors: those of fn, EX_UNAVAILABLE,
 * EX_NOPERM, EX_CONFIG (no such OS user).
 */
bool tw_superuser_do(const struct tw_site *site, const char *program, const char *dbname,
                     tw_superuser_fn fn, const void *arg, tw_ms deadline, struct tw_buf *out,
                     struct tw_err *e);
