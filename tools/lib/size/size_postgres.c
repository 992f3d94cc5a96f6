/* SPDX-License-Identifier: ISC */
/* size_postgres.c: what a PostgreSQL says of its limits, and whose its connections are. */
#include "pg/admin.h"
#include "pg/lookup.h"
#include "pg/peer.h"
#include "size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* number is a column as a whole number, `absent` where it is NULL. */
static long
number(const PGresult *rows, int row, const char *column, long absent)
{
	const char *text = tw_admin_value(rows, row, column);

	return text != NULL && *text != '\0' ? strtol(text, NULL, 10) : absent;
}

/* user_find is the index of a user of the site, s->users for a role that is none. */
static size_t
user_find(const struct tw_size *s, const char *role)
{
	size_t i = 0;

	while (i < s->users && strcmp(s->user[i].name, role) != 0)
		i++;
	return i;
}

/* settings_take takes over the limits of the server. */
static void
settings_take(const PGresult *rows, struct tw_size_server *server)
{
	server->max_connections = number(rows, 0, "most", 0);
	server->superuser_reserved = number(rows, 0, "superusers", 0);
	server->reserved = number(rows, 0, "reserved", TW_SIZE_UNKNOWN);
	server->usable = server->max_connections - server->superuser_reserved -
	                 (server->reserved > 0 ? server->reserved : 0);
}

/* roles_take takes over the limits of the pooled roles; a superuser is under none. */
static void
roles_take(const PGresult *rows, const struct tw_size *s, struct tw_size_role *role)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		size_t user = user_find(s, tw_admin_value(rows, i, "name"));
		long limit = number(rows, i, "most", -1);

		if (user == s->users)
			continue;
		role[user].superuser = *tw_admin_value(rows, i, "super") == 't';
		role[user].connection_limit = limit < 0 || role[user].superuser ? TW_SIZE_UNLIMITED
		                                                                : limit;
	}
}

/* databases_take takes over the limits of the databases, which are not those of superusers. */
static void
databases_take(const PGresult *rows, struct tw_size *s, size_t server)
{
	bool superuser = false;

	for (size_t i = 0; i < s->users; i++)
		superuser = superuser || s->server[server].role[i].superuser;
	for (size_t i = 0; i < s->databases; i++) {
		struct tw_size_database *d = &s->database[i];
		int row = d->server == server ? tw_admin_row(rows, "name", d->dbname) : -1;
		long limit = row >= 0 ? number(rows, row, "most", -1) : -1;

		d->connection_limit = limit < 0 || superuser ? TW_SIZE_UNLIMITED : limit;
	}
}

/* serves_pool tells whether a backend is a server connection of the pooler to this server. */
static bool
serves_pool(const struct tw_size *s, size_t server, const struct tw_sample *pooler, long pid)
{
	for (size_t i = 0; pooler != NULL && i < pooler->servers.n; i++) {
		const struct tw_server *connection = &pooler->servers.item[i];

		if (connection->pid != pid || connection->pool >= pooler->pools.n)
			continue;
		for (size_t j = 0; j < s->databases; j++) {
			if (s->database[j].server == server &&
			    strcmp(s->database[j].name,
			           pooler->pools.item[connection->pool].database) == 0)
				return true;
		}
	}
	return false;
}

/* backends_take counts who is connected. */
static void
backends_take(const PGresult *rows, struct tw_size *s, size_t server,
              const struct tw_sample *pooler)
{
	long others = 0, direct = 0, pooled = 0;

	for (int i = 0; i < PQntuples(rows); i++) {
		const char *name = tw_admin_value(rows, i, "name");

		/* Those of lookup and probe are in the pools' sum already. */
		if (s->lookup > 0 &&
		    (strcmp(name, TW_LOOKUP_ROLE) == 0 || strcmp(name, TW_PROBE_ROLE) == 0))
			continue;
		if (user_find(s, name) == s->users)
			others++;
		else if (serves_pool(s, server, pooler, number(rows, i, "pid", 0)))
			pooled++;
		else
			direct++;
	}
	s->server[server].others = others;
	s->server[server].direct = direct;
	s->server[server].pooled = pooler != NULL ? pooled : TW_SIZE_UNKNOWN;
}

enum { SETTINGS, ROLES, DATABASES, BACKENDS, QUESTIONS };

/* questions_ask runs all statements; each result is the caller's, NULL where it came to none. */
static bool
questions_ask(const struct tw_pg_params *postgres, tw_ms deadline, PGresult *rows[QUESTIONS],
              struct tw_err *e)
{
	/* Whoever may not see the states of others sees no backend_type either, but the role. */
	static const char *const sql[QUESTIONS] = {
		[SETTINGS] = "SELECT current_setting('max_connections') AS most, "
			     "current_setting('superuser_reserved_connections') AS superusers, "
			     "current_setting('reserved_connections', true) AS reserved",
		[ROLES] = "SELECT rolname AS name, rolconnlimit AS most, rolsuper AS super "
			  "FROM pg_roles",
		[DATABASES] = "SELECT datname AS name, datconnlimit AS most FROM pg_database",
		[BACKENDS] = "SELECT pid, usename AS name FROM pg_stat_activity "
			     "WHERE usename IS NOT NULL AND pid <> pg_backend_pid() AND "
			     "coalesce(backend_type, 'client backend') = 'client backend'",
	};
	PGconn *conn = NULL;
	bool ok = tw_peer_connect(postgres, deadline, &conn, e) &&
	          /* A superuser is not led astray by a search_path. */
	          tw_pg_exec(conn, "SET search_path = pg_catalog", deadline, NULL, e);

	for (int i = 0; ok && i < QUESTIONS; i++)
		ok = tw_pg_exec(conn, sql[i], deadline, &rows[i], e);
	/* A PgBouncer's console takes SHOW alone; other poolers might take anything. */
	if (ok && PQntuples(rows[SETTINGS]) != 1)
		ok = tw_fail(e, EX_UNAVAILABLE, "not the answer of PostgreSQL");
	PQfinish(conn);
	return ok;
}

bool
tw_size_ask(struct tw_size *s, size_t index, const struct tw_pg_params *postgres,
            const struct tw_sample *pooler, tw_ms deadline, struct tw_err *e)
{
	struct tw_size_server *server = &s->server[index];
	PGresult *rows[QUESTIONS] = { NULL };
	bool ok = questions_ask(postgres, deadline, rows, e);

	if (ok) {
		settings_take(rows[SETTINGS], server);
		roles_take(rows[ROLES], s, server->role);
		databases_take(rows[DATABASES], s, index);
		backends_take(rows[BACKENDS], s, index, pooler);
		server->asked = true;
	} else {
		snprintf(server->error, sizeof(server->error), "%s", e->msg);
		tw_context(e, "PostgreSQL at %s:%ld", server->host, server->port);
	}
	for (int i = 0; i < QUESTIONS; i++)
		PQclear(rows[i]);
	return ok;
}
