/* SPDX-License-Identifier: ISC */
/* admin.h: PgBouncer's console, asked with words of a fixed list and read by column name. */
#pragma once

#include "pg.h"

enum tw_admin_word {
	TW_ADMIN_CLIENTS,
	TW_ADMIN_CONFIG,
	TW_ADMIN_DATABASES,
	TW_ADMIN_LISTS,
	TW_ADMIN_POOLS,
	TW_ADMIN_SERVERS,
	TW_ADMIN_SOCKETS,
	TW_ADMIN_STATE, /* since 1.19 */
	TW_ADMIN_STATS_TOTALS,
	TW_ADMIN_USERS,
	TW_ADMIN_VERSION,
	TW_ADMIN_WORDS,
};

/*
 * tw_admin_connect connects to a console: database and user default to pgbouncer, which PgBouncer
 * lets in over its Unix socket where the caller has its own OS user: see tw_peer_connect. Errors as
 * tw_pg_connect.
 */
bool tw_admin_connect(struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e);

/* tw_admin_show runs SHOW; the rows are the caller's (PQclear). Errors as tw_pg_exec. */
bool tw_admin_show(PGconn *conn, enum tw_admin_word word, tw_ms deadline, PGresult **rows,
                   struct tw_err *e);

/*
 * tw_admin_ahead announces what tw_admin_show will be asked next, n words in this order: where the
 * connection is local.h's they are asked in one round trip. Their answers together may be 64 KiB.
 * Errors as tw_pg_exec.
 */
bool tw_admin_ahead(PGconn *conn, const enum tw_admin_word words[], size_t n, tw_ms deadline,
                    struct tw_err *e);

/*
 * tw_admin_reload has the configuration read again, as far as PgBouncer tells: up to 1.24 it
 * answers success whatever happened. Errors as tw_pg_exec.
 */
bool tw_admin_reload(PGconn *conn, tw_ms deadline, struct tw_err *e);

/*
 * tw_admin_resume has all go on that somebody has paused or suspended: PgBouncer as a whole, and
 * each database. *resumed says that something was. Errors as tw_pg_exec.
 */
bool tw_admin_resume(PGconn *conn, tw_ms deadline, bool *resumed, struct tw_err *e);

/* tw_admin_value is a field by its column's name, "" where NULL; NULL where no such column. */
const char *tw_admin_value(const PGresult *rows, int row, const char *column);

/* tw_admin_row is the row whose `column` holds `value`, or -1. */
int tw_admin_row(const PGresult *rows, const char *column, const char *value);

/* tw_admin_number is a field as a whole number, 0 where NULL or no such column. */
long long tw_admin_number(const PGresult *rows, int row, const char *column);

/* tw_admin_copy copies a field, "" where NULL or no such column. */
void tw_admin_copy(const PGresult *rows, int row, const char *column, char *out, size_t size);

/*
 * tw_admin_columns refuses (EX_UNAVAILABLE) an answer to `command` that lacks one of the columns,
 * whose list ends with NULL.
 */
bool tw_admin_columns(const PGresult *rows, const char *command, const char *const columns[],
                      struct tw_err *e);
