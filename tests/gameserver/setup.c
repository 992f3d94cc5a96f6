/* SPDX-License-Identifier: ISC */
#include "setup.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const char *const schema[] = {
	"SET client_min_messages TO warning",
	"SELECT pg_advisory_lock(7777)",
	"CREATE TABLE IF NOT EXISTS players (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE,"
	" sector bigint NOT NULL DEFAULT 1, balance bigint NOT NULL DEFAULT 0)",
	"CREATE TABLE IF NOT EXISTS ledger (id bigserial PRIMARY KEY,"
	" player bigint NOT NULL REFERENCES players, amount bigint NOT NULL)",
	"CREATE TABLE IF NOT EXISTS engine (id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),"
	" ticks bigint NOT NULL DEFAULT 0)",
	"CREATE TABLE IF NOT EXISTS server_log (at timestamptz NOT NULL DEFAULT now(),"
	" event text NOT NULL)",
	"INSERT INTO engine DEFAULT VALUES ON CONFLICT DO NOTHING",
};

static bool
run(PGconn *conn, const char *sql, struct gs_err *e)
{
	PGresult *res = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(res);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	if (!ok) {
		e->exit = EX_UNAVAILABLE;
		gs_fold(e->msg, sizeof e->msg, PQerrorMessage(conn));
	}
	PQclear(res);
	return ok;
}

/* grant lets the role that the game's DSN names use the tables; without a name there is nothing
 * to do. */
static bool
grant(PGconn *conn, const char *app, struct gs_err *e)
{
	PQconninfoOption *options = PQconninfoParse(app, NULL);
	if (!options)
		return gs_fail(e, EX_CONFIG, "malformed connection string under \"app\"");
	bool ok = true;
	for (PQconninfoOption *o = options; o->keyword; o++) {
		if (strcmp(o->keyword, "user") != 0 || !o->val)
			continue;
		char sql[512];
		char *role = PQescapeIdentifier(conn, o->val, strlen(o->val));
		snprintf(
		    sql, sizeof sql,
		    "GRANT SELECT, INSERT, UPDATE ON players, ledger, engine,"
		    " server_log TO %1$s; GRANT USAGE ON SEQUENCE players_id_seq, ledger_id_seq"
		    " TO %1$s",
		    role ? role : "");
		PQfreemem(role);
		ok = run(conn, sql, e);
	}
	PQconninfoFree(options);
	return ok;
}

bool
gs_setup(const struct gs_config *config, struct gs_err *e)
{
	if (!config->admin)
		return gs_fail(e, EX_CONFIG, "no text under \"admin\"");
	PQconninfoOption *parsed = PQconninfoParse(config->admin, NULL);
	if (!parsed)
		return gs_fail(e, EX_CONFIG, "malformed connection string under \"admin\"");
	PQconninfoFree(parsed);

	PGconn *conn = PQconnectdb(config->admin);
	bool ok = PQstatus(conn) == CONNECTION_OK;
	if (!ok) {
		e->exit = EX_UNAVAILABLE;
		gs_fold(e->msg, sizeof e->msg, PQerrorMessage(conn));
	}
	for (size_t i = 0; ok && i < sizeof schema / sizeof *schema; i++)
		ok = run(conn, schema[i], e);
	ok = ok && grant(conn, config->app, e) && run(conn, "SELECT pg_advisory_unlock(7777)", e);
	PQfinish(conn);
	return ok;
}
