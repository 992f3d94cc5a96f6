/* SPDX-License-Identifier: ISC */
/* Database connections and the lock around them. With GS_LOCK_PROCESS one mutex is held during
 * every libpq call of the process, also while a pooler makes the call wait: that is the defect
 * for which this server exists. With GS_LOCK_THREAD each connection has its own. */
#ifndef GS_DB_H
#define GS_DB_H

#include "err.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <pthread.h>

enum gs_lock { GS_LOCK_PROCESS, GS_LOCK_THREAD };
enum gs_send { GS_SEND_SEPARATE, GS_SEND_SINGLE };

/* How all connections of the process are made and used; outlives them. */
struct gs_source {
	const char *dsn;
	int lock; /* enum gs_lock */
	int send; /* enum gs_send */
	bool reconnect;
	int think_ms; /* waited before COMMIT of a player's command */
	pthread_mutex_t process_lock;
};

struct gs_db {
	struct gs_source *source;
	PGconn *conn; /* NULL: closed */
	pthread_mutex_t own;
};

#define GS_DB_INIT                                    \
	{                                             \
		NULL, NULL, PTHREAD_MUTEX_INITIALIZER \
	}

struct gs_statement {
	const char *sql;
	int params; /* it uses $1 to $params */
};

/* gs_db_open connects db (which is GS_DB_INIT) with PQconnectdb and sets client_min_messages.
 * On failure db is closed; e->msg is libpq's text, or a text without any part of the DSN where
 * libpq cannot parse it. */
bool gs_db_open(struct gs_db *db, struct gs_source *source, struct gs_err *e);

/* gs_db_transaction runs the n statements between BEGIN and COMMIT, each with the first of
 * params that it uses, and puts the first row of each result into the object row (NULL: drops
 * them), integers as integers. Waits think_ms before COMMIT, unlocked; not where the statements
 * go out in one string. After a failure the transaction is rolled back and row is partial. */
bool gs_db_transaction(struct gs_db *db, const struct gs_statement *statements, size_t n,
                       const char *const *params, int think_ms, json_t *row, struct gs_err *e);

/* gs_db_transaction_at_once is the same in one string and one call, whatever the source says. */
bool gs_db_transaction_at_once(struct gs_db *db, const struct gs_statement *statements, size_t n,
                               const char *const *params, json_t *row, struct gs_err *e);

/* gs_db_close is idempotent. */
void gs_db_close(struct gs_db *db);

#endif
