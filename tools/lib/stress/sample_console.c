/* SPDX-License-Identifier: ISC */
/* sample_console.c: the console's tables, by the names of their columns, as one sample. */
#include "sample.h"
#include "site/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* version_read takes over "PgBouncer 1.18.0". */
static bool
version_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	const char *text = PQntuples(rows) == 1 ? tw_admin_value(rows, 0, "version") : NULL;

	if (text == NULL || strncmp(text, "PgBouncer ", 10) != 0)
		return tw_fail(e, EX_UNAVAILABLE, "SHOW VERSION: not the answer of PgBouncer");
	snprintf(s->version, sizeof(s->version), "%s", text + 10);
	return true;
}

/* config_read takes over where it listens, and its limit of clients. */
static bool
config_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "key", "value", NULL };
	static const char *const keys[] = { "listen_addr", "listen_port", "so_reuseport",
		                            "max_client_conn" };
	const char *value[sizeof(keys) / sizeof(*keys)];

	if (!tw_admin_columns(rows, "SHOW CONFIG", columns, e))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		int row = tw_admin_row(rows, "key", keys[i]);

		value[i] = row >= 0 ? tw_admin_value(rows, row, "value") : "";
	}
	snprintf(s->listen_addr, sizeof(s->listen_addr), "%s", value[0]);
	s->listen_port = (int)strtol(value[1], NULL, 10);
	s->so_reuseport = strcmp(value[2], "1") == 0;
	s->max_client_conn = strtol(value[3], NULL, 10);
	return true;
}

/* lists_read takes over the number of clients. */
static bool
lists_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "list", "items", NULL };
	int row;

	if (!tw_admin_columns(rows, "SHOW LISTS", columns, e))
		return false;
	row = tw_admin_row(rows, "list", "used_clients");
	s->clients = row >= 0 ? (long)tw_admin_number(rows, row, "items") : 0;
	return true;
}

/* pools_read makes one pool of each row but the console's. */
static bool
pools_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "database",  "user",    "cl_active", "cl_waiting",
		                               "sv_active", "sv_idle", "sv_used",   "sv_tested",
		                               "sv_login",  "maxwait", NULL };
	int n = PQntuples(rows);

	if (!tw_admin_columns(rows, "SHOW POOLS", columns, e))
		return false;
	s->pools.item = calloc((size_t)n + 1, sizeof(*s->pools.item));
	if (s->pools.item == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (int i = 0; i < n; i++) {
		struct tw_pool *p = &s->pools.item[s->pools.n];

		if (strcmp(tw_admin_value(rows, i, "database"), "pgbouncer") == 0)
			continue;
		tw_admin_copy(rows, i, "database", p->database, sizeof(p->database));
		tw_admin_copy(rows, i, "user", p->user, sizeof(p->user));
		tw_admin_copy(rows, i, "user", p->role, sizeof(p->role));
		p->cl_active = (long)tw_admin_number(rows, i, "cl_active");
		p->cl_waiting = (long)tw_admin_number(rows, i, "cl_waiting");
		p->sv_active = (long)tw_admin_number(rows, i, "sv_active");
		p->sv_idle = (long)tw_admin_number(rows, i, "sv_idle");
		p->sv_used = (long)tw_admin_number(rows, i, "sv_used");
		p->sv_tested = (long)tw_admin_number(rows, i, "sv_tested");
		p->sv_login = (long)tw_admin_number(rows, i, "sv_login");
		p->maxwait_us = tw_admin_number(rows, i, "maxwait") * 1000000 +
		                tw_admin_number(rows, i, "maxwait_us");
		s->pools.n++;
	}
	return true;
}

/*
 * databases_read adds to each pool what its database says. Limits of single users (since 1.23) are
 * not looked at.
 */
static bool
databases_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "name", "pool_size", "force_user", NULL };

	if (!tw_admin_columns(rows, "SHOW DATABASES", columns, e))
		return false;
	for (size_t i = 0; i < s->pools.n; i++) {
		struct tw_pool *p = &s->pools.item[i];
		int row = tw_admin_row(rows, "name", p->database);
		long size, most, reserve;

		if (row < 0)
			continue;
		size = (long)tw_admin_number(rows, row, "pool_size");
		most = (long)tw_admin_number(rows, row, "max_connections");
		/* Since 1.24 a pool_size of 0 is no limit, and reserve_pool has another name. */
		reserve = (long)(tw_admin_number(rows, row, "reserve_pool") +
		                 tw_admin_number(rows, row, "reserve_pool_size"));
		if (size > 0)
			size += reserve;
		p->limit = most > 0 && (size == 0 || most < size) ? most : size;
		p->reserve = p->limit == size && size > 0 ? reserve : 0;
		p->paused = tw_admin_number(rows, row, "paused") != 0;
		p->disabled = tw_admin_number(rows, row, "disabled") != 0;
		if (*tw_admin_value(rows, row, "force_user") != '\0')
			tw_admin_copy(rows, row, "force_user", p->role, sizeof(p->role));
	}
	return true;
}

/* pool_find is the index of a pool; s->pools.n where there is none. */
static size_t
pool_find(const struct tw_sample *s, const char *database, const char *user)
{
	size_t i = 0;

	while (i < s->pools.n && (strcmp(s->pools.item[i].database, database) != 0 ||
	                          strcmp(s->pools.item[i].user, user) != 0))
		i++;
	return i;
}

/* servers_read takes over which backend serves which pool; a login under way has none yet. */
static bool
servers_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "database", "user", "remote_pid", NULL };
	int n = PQntuples(rows);

	if (!tw_admin_columns(rows, "SHOW SERVERS", columns, e))
		return false;
	s->servers.item = calloc((size_t)n + 1, sizeof(*s->servers.item));
	if (s->servers.item == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (int i = 0; i < n; i++) {
		struct tw_server *server = &s->servers.item[s->servers.n];

		server->pid = (long)tw_admin_number(rows, i, "remote_pid");
		server->pool = pool_find(s, tw_admin_value(rows, i, "database"),
		                         tw_admin_value(rows, i, "user"));
		s->servers.n += server->pid > 0;
	}
	return true;
}

/* state_is tells whether SHOW STATE says yes to a key. */
static bool
state_is(const PGresult *rows, const char *key)
{
	int row = tw_admin_row(rows, "key", key);

	return row >= 0 && strcmp(tw_admin_value(rows, row, "value"), "yes") == 0;
}

/* state_read takes over whether all of it is paused or suspended. */
static bool
state_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	static const char *const columns[] = { "key", "value", NULL };

	if (!tw_admin_columns(rows, "SHOW STATE", columns, e))
		return false;
	s->paused = state_is(rows, "paused");
	s->suspended = state_is(rows, "suspended");
	return true;
}

/* nothing_read is for an answer that is only kept: who reads it looks for its columns. */
static bool
nothing_read(const PGresult *rows, struct tw_sample *s, struct tw_err *e)
{
	(void)rows;
	(void)s;
	(void)e;
	return true;
}

/* The tables, in the order in which they are asked: pools before what adds to them. */
static const struct table {
	enum tw_admin_word word;
	bool (*read)(const PGresult *rows, struct tw_sample *s, struct tw_err *e);
	int since;
} tables[] = {
	{ TW_ADMIN_VERSION, version_read, 0 },
	{ TW_ADMIN_CONFIG, config_read, 0 },
	{ TW_ADMIN_LISTS, lists_read, 0 },
	/* Behind these it is known what there is, and how much of it. */
	{ TW_ADMIN_STATE, state_read, TW_PGBOUNCER(1, 19, 0) },
	{ TW_ADMIN_POOLS, pools_read, 0 },
	{ TW_ADMIN_SERVERS, servers_read, 0 },
	{ TW_ADMIN_DATABASES, databases_read, 0 },
	{ TW_ADMIN_STATS_TOTALS, nothing_read, 0 },
	/* The one that may be large. */
	{ TW_ADMIN_CLIENTS, nothing_read, 0 },
};

#define TABLES (sizeof(tables) / sizeof(*tables))
#define TABLES_FIRST 3
#define TABLES_LARGE (TABLES - 1)

/* asked tells whether a sampler wants a table of a version. */
static bool
asked(const struct tw_sampler *sampler, const struct table *t, int version)
{
	return t->since <= version && (t->word != TW_ADMIN_STATS_TOTALS || sampler->totals) &&
	       (t->word != TW_ADMIN_CLIENTS || sampler->clients);
}

/* A row of any of these tables is shorter, and so much of them may be asked for ahead. */
#define ROW_MOST 512
#define AHEAD_MOST 65536

/* listed is how many of something SHOW LISTS counts; names differ by no version. */
static long long
listed(const PGresult *lists, const char *what)
{
	int row = tw_admin_row(lists, "list", what);

	return row >= 0 ? tw_admin_number(lists, row, "items") : AHEAD_MOST;
}

/* small tells whether the tables between the first ones and the large one are. */
static bool
small(const PGresult *lists)
{
	return ROW_MOST * (2 * listed(lists, "databases") + listed(lists, "pools") +
	                   listed(lists, "used_servers")) <
	       AHEAD_MOST;
}

/* tables_ask asks the tables from one to another, `ahead` in one round trip. */
static bool
tables_ask(const struct tw_sampler *sampler, const struct table *from, const struct table *to,
           int version, bool ahead, tw_ms deadline, struct tw_sample *s, struct tw_err *e)
{
	enum tw_admin_word words[TABLES];
	size_t n = 0;
	bool ok;

	for (const struct table *t = from; t < to; t++) {
		if (asked(sampler, t, version))
			words[n++] = t->word;
	}
	ok = !ahead || tw_admin_ahead(sampler->console_conn, words, n, deadline, e);
	for (const struct table *t = from; ok && t < to; t++) {
		if (asked(sampler, t, version))
			ok = tw_admin_show(sampler->console_conn, t->word, deadline,
			                   &s->table[t->word], e) &&
			     t->read(s->table[t->word], s, e);
	}
	return ok;
}

bool
tw_sample_tables(const struct tw_sampler *sampler, tw_ms deadline, struct tw_sample *s,
                 struct tw_err *e)
{
	const struct table *first = tables + TABLES_FIRST, *large = tables + TABLES_LARGE;
	struct tw_err ignored = TW_ERR_INIT;
	int version = 0;
	bool ok = tables_ask(sampler, tables, first, 0, true, deadline, s, e);

	if (ok)
		tw_key_version(s->version, &version, &ignored);
	ok = ok &&
	     tables_ask(sampler, first, large, version, small(s->table[TW_ADMIN_LISTS]), deadline,
	                s, e) &&
	     tables_ask(sampler, large, tables + TABLES, version, false, deadline, s, e);
	if (!ok)
		return false;
	for (size_t i = 0; i < TW_ADMIN_WORDS && !sampler->totals && !sampler->clients; i++) {
		PQclear(s->table[i]);
		s->table[i] = NULL;
	}
	return true;
}
