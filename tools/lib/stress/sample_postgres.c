/* SPDX-License-Identifier: ISC */
/* sample_postgres.c: pg_stat_activity, brought together with the console by the backends' pids. */
#include "pg/admin.h"
#include "pg/peer.h"
#include "sample.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* role_counts tells whether a backend's role is one that the pools log in as, or the caller's. */
static bool
role_counts(const struct tw_sampler *s, const struct tw_sample *sample, const char *role)
{
	for (size_t i = 0; i < sample->pools.n; i++) {
		if (strcmp(sample->pools.item[i].role, role) == 0)
			return true;
	}
	return s->role[0] != '\0' && strcmp(s->role, role) == 0;
}

/* server_find is the server connection whose backend has this pid, or NULL. */
static const struct tw_server *
server_find(const struct tw_sample *s, long pid)
{
	for (size_t i = 0; i < s->servers.n; i++) {
		if (s->servers.item[i].pid == pid)
			return &s->servers.item[i];
	}
	return NULL;
}

/* blocked_by_pool tells whether a backend waits for a lock that none but server connections hold.
 */
static bool
blocked_by_pool(const struct tw_sample *s, const char *blockers)
{
	bool ours = *blockers != '\0';

	while (ours && *blockers != '\0') {
		char *end;

		ours = server_find(s, strtol(blockers, &end, 10)) != NULL;
		blockers = end + (*end == ' ');
	}
	return ours;
}

/* backend_add counts one backend of a pool, if its state may be seen. */
static void
backend_add(const struct tw_sample *s, struct tw_pool *pool, const PGresult *rows, int row)
{
	const char *state = tw_admin_value(rows, row, "state");
	long long changed = tw_admin_number(rows, row, "changed"),
		  now = tw_admin_number(rows, row, "now");
	bool idle = strncmp(state, "idle in transaction", 19) == 0;

	if (*state == '\0' || strcmp(state, "disabled") == 0)
		return;
	pool->backends++;
	pool->idle_in_transaction += idle;
	pool->held += idle || (strcmp(state, "active") == 0 &&
	                       blocked_by_pool(s, tw_admin_value(rows, row, "blockers")));
	if (changed > pool->last_change) {
		pool->last_change = changed;
		pool->still_us = now - changed;
	}
}

/* outside_add keeps a backend that serves no pool. */
static void
outside_add(struct tw_sample *s, const PGresult *rows, int row)
{
	struct tw_backend *b = &s->outside.item[s->outside.n++];

	b->pid = (long)tw_admin_number(rows, row, "pid");
	tw_admin_copy(rows, row, "usename", b->role, sizeof(b->role));
	tw_admin_copy(rows, row, "datname", b->database, sizeof(b->database));
	tw_admin_copy(rows, row, "application_name", b->application, sizeof(b->application));
	tw_admin_copy(rows, row, "address", b->address, sizeof(b->address));
	tw_admin_copy(rows, row, "since", b->since, sizeof(b->since));
	b->port = (int)tw_admin_number(rows, row, "client_port");
	b->hidden = *tw_admin_value(rows, row, "backend_type") == '\0';
}

/* backends_read adds each backend to its pool, or to those outside. */
static bool
backends_read(const struct tw_sampler *s, struct tw_sample *sample, const PGresult *rows,
              struct tw_err *e)
{
	int n = PQntuples(rows);

	free(sample->outside.item);
	sample->outside.n = 0;
	sample->outside.item = calloc((size_t)n + 1, sizeof(*sample->outside.item));
	if (sample->outside.item == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	sample->connections = n;
	for (int i = 0; i < n; i++) {
		long pid = (long)tw_admin_number(rows, i, "pid");
		const struct tw_server *server = server_find(sample, pid);

		sample->max_connections = (long)tw_admin_number(rows, i, "most");
		sample->reserved = (long)tw_admin_number(rows, i, "reserved");
		if (server == NULL) {
			outside_add(sample, rows, i);
			sample->direct += role_counts(s, sample,
			                              tw_admin_value(rows, i, "usename"));
		} else if (server->pool != SIZE_MAX) {
			sample->pooled++;
			sample->hidden += *tw_admin_value(rows, i, "backend_type") == '\0';
			backend_add(sample, &sample->pools.item[server->pool], rows, i);
		}
	}
	sample->postgres = true;
	return true;
}

/* postgres_connect opens the connection; a superuser is not led astray by a search_path. */
static bool
postgres_connect(struct tw_sampler *s, tw_ms deadline, struct tw_err *e)
{
	return tw_peer_connect(&s->postgres, deadline, &s->postgres_conn, e) &&
	       tw_pg_exec(s->postgres_conn, "SET search_path = pg_catalog", deadline, NULL, e);
}

bool
tw_sample_postgres(struct tw_sampler *s, tw_ms deadline, struct tw_sample *sample, struct tw_err *e)
{
	/* Whoever may not see the states of others sees no backend_type either, but the role. */
	static const char sql[] =
	    "SELECT pid, usename, datname, backend_type, application_name, host(client_addr) AS "
	    "address, client_port, to_char(backend_start AT TIME ZONE 'UTC', "
	    "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS since, state, "
	    "CASE WHEN wait_event_type = 'Lock' THEN "
	    "array_to_string(pg_blocking_pids(pid), ' ') END AS blockers, "
	    "current_setting('max_connections') AS most, "
	    "current_setting('superuser_reserved_connections')::int + "
	    "coalesce(current_setting('reserved_connections', true), '0')::int AS reserved, "
	    "(extract(epoch FROM state_change) * 1000000)::bigint AS changed, "
	    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now "
	    "FROM pg_stat_activity WHERE usename IS NOT NULL AND "
	    "coalesce(backend_type, 'client backend') = 'client backend'";
	static const char *const columns[] = {
		"pid",     "usename",     "datname", "backend_type", "application_name",
		"address", "client_port", "since",   "state",        "blockers",
		"most",    "reserved",    "changed", "now",          NULL
	};
	PGresult *rows = NULL;
	bool ok = (s->postgres_conn != NULL || postgres_connect(s, deadline, e)) &&
	          tw_pg_exec(s->postgres_conn, sql, deadline, &rows, e) &&
	          tw_admin_columns(rows, "pg_stat_activity", columns, e) &&
	          backends_read(s, sample, rows, e);

	PQclear(rows);
	if (ok)
		return true;
	PQfinish(s->postgres_conn);
	s->postgres_conn = NULL;
	return tw_context(e, "PostgreSQL");
}
