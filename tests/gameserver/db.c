/* SPDX-License-Identifier: ISC */
#include "db.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { INT8OID = 20, INT4OID = 23 }; /* PostgreSQL, src/include/catalog/pg_type.dat */

static const char quiet_sql[] = "SET client_min_messages TO warning";

static pthread_mutex_t *
lock_of(struct gs_db *db)
{
	return db->source->lock == GS_LOCK_PROCESS ? &db->source->process_lock : &db->own;
}

static void
on_notice(void *unused, const char *message)
{
	(void)unused;
	gs_log(GS_WARNING, "DB notice: %s", message);
}

/* fail_libpq takes libpq's last words on the connection; the lock is held. */
static bool
fail_libpq(struct gs_db *db, struct gs_err *e)
{
	e->exit = EX_UNAVAILABLE;
	gs_fold(e->msg, sizeof e->msg, PQerrorMessage(db->conn));
	return false;
}

/* check judges res and consumes it, the columns of its first row going into row, which may be
 * NULL; the lock is held. */
static bool
check(struct gs_db *db, PGresult *res, json_t *row, struct gs_err *e)
{
	ExecStatusType status = PQresultStatus(res);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	if (!ok)
		fail_libpq(db, e);
	for (int i = 0; ok && row && PQntuples(res) > 0 && i < PQnfields(res); i++) {
		Oid type = PQftype(res, i);
		const char *text = PQgetvalue(res, 0, i);
		bool integer = type == INT8OID || type == INT4OID;
		json_object_set_new(row, PQfname(res, i),
		                    integer ? json_integer(strtoll(text, NULL, 10))
		                            : json_string(text));
	}
	PQclear(res);
	return ok;
}

/* connected is the parse, the connect and the SET; the lock is held. */
static bool
connected(struct gs_db *db, struct gs_err *e)
{
	PQconninfoOption *parsed = PQconninfoParse(db->source->dsn, NULL);
	if (!parsed)
		return gs_fail(e, EX_CONFIG, "malformed connection string of %zu bytes",
		               strlen(db->source->dsn));
	PQconninfoFree(parsed);

	db->conn = PQconnectdb(db->source->dsn);
	if (PQstatus(db->conn) != CONNECTION_OK)
		return fail_libpq(db, e);
	PQsetNoticeProcessor(db->conn, on_notice, NULL);
	return check(db, PQexec(db->conn, quiet_sql), NULL, e);
}

bool
gs_db_open(struct gs_db *db, struct gs_source *source, struct gs_err *e)
{
	db->source = source;
	pthread_mutex_lock(lock_of(db));
	bool ok = connected(db, e);
	pthread_mutex_unlock(lock_of(db));
	if (!ok)
		gs_db_close(db);
	return ok;
}

/* run is one call of libpq under the lock; text without parameters goes through PQexec. */
static bool
run(struct gs_db *db, const char *sql, int n, const char *const *params, json_t *row,
    struct gs_err *e)
{
	pthread_mutex_lock(lock_of(db));
	PGresult *res = n > 0 ? PQexecParams(db->conn, sql, n, NULL, params, NULL, NULL, 0)
	                      : PQexec(db->conn, sql);
	bool ok = check(db, res, row, e);
	pthread_mutex_unlock(lock_of(db));
	return ok;
}

/* revive resets a connection that is known to be bad, where the source allows it. A failure
 * shows in the command that follows. */
static void
revive(struct gs_db *db)
{
	if (!db->source->reconnect)
		return;
	pthread_mutex_lock(lock_of(db));
	if (PQstatus(db->conn) == CONNECTION_BAD) {
		PQreset(db->conn);
		PQclear(PQexec(db->conn, quiet_sql));
		bool back = PQstatus(db->conn) == CONNECTION_OK;
		gs_log(GS_WARNING, "DB connection %s", back ? "re-established" : "still lost");
	}
	pthread_mutex_unlock(lock_of(db));
}

static bool
run_separately(struct gs_db *db, const struct gs_statement *s, size_t n, const char *const *params,
               int think_ms, json_t *row, struct gs_err *e)
{
	if (!run(db, "BEGIN", 0, NULL, NULL, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!run(db, s[i].sql, s[i].params, params, row, e))
			return false;
	if (think_ms > 0)
		nanosleep(&(struct timespec){ think_ms / 1000, think_ms % 1000 * 1000000L }, NULL);
	return run(db, "COMMIT", 0, NULL, NULL, e);
}

/* write_statement writes one statement with its parameters as literals; the lock is held. */
static bool
write_statement(struct gs_db *db, FILE *out, const struct gs_statement *s,
                const char *const *params)
{
	for (const char *p = s->sql; *p; p++) {
		if (p[0] != '$' || p[1] < '1' || p[1] > '9') {
			fputc(*p, out);
			continue;
		}
		const char *value = params[*++p - '1'];
		char *literal = PQescapeLiteral(db->conn, value, strlen(value));
		if (!literal)
			return false;
		fputs(literal, out);
		PQfreemem(literal);
	}
	fputs("; ", out);
	return true;
}

/* compose returns the transaction as one string, which the caller frees, or NULL; the lock is
 * held. */
static char *
compose(struct gs_db *db, const struct gs_statement *s, size_t n, const char *const *params)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fputs("BEGIN; ", out);
	bool ok = true;
	for (size_t i = 0; ok && i < n; i++)
		ok = write_statement(db, out, &s[i], params);
	fputs("COMMIT", out);
	ok = fclose(out) == 0 && ok;
	if (!ok) {
		free(text);
		text = NULL;
	}
	return text;
}

static bool
run_at_once(struct gs_db *db, const struct gs_statement *s, size_t n, const char *const *params,
            json_t *row, struct gs_err *e)
{
	pthread_mutex_lock(lock_of(db));
	char *text = compose(db, s, n, params);
	bool ok = (text && PQsendQuery(db->conn, text)) || fail_libpq(db, e);
	/* Not PQexec: it keeps the last result only, and the rows come before. */
	for (PGresult *res; text && (res = PQgetResult(db->conn));)
		ok = check(db, res, row, e) && ok;
	pthread_mutex_unlock(lock_of(db));
	free(text);
	return ok;
}

/* roll_back ends a failed transaction; on a lost connection there is nothing to end. */
static bool
roll_back(struct gs_db *db)
{
	struct gs_err ignored;
	run(db, "ROLLBACK", 0, NULL, NULL, &ignored);
	return false;
}

bool
gs_db_transaction(struct gs_db *db, const struct gs_statement *statements, size_t n,
                  const char *const *params, int think_ms, json_t *row, struct gs_err *e)
{
	if (db->source->send == GS_SEND_SINGLE)
		return gs_db_transaction_at_once(db, statements, n, params, row, e);
	revive(db);
	return run_separately(db, statements, n, params, think_ms, row, e) || roll_back(db);
}

bool
gs_db_transaction_at_once(struct gs_db *db, const struct gs_statement *statements, size_t n,
                          const char *const *params, json_t *row, struct gs_err *e)
{
	revive(db);
	return run_at_once(db, statements, n, params, row, e) || roll_back(db);
}

void
gs_db_close(struct gs_db *db)
{
	if (!db->conn)
		return;
	pthread_mutex_lock(lock_of(db));
	PQfinish(db->conn);
	pthread_mutex_unlock(lock_of(db));
	db->conn = NULL;
}
