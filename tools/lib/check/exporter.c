/* SPDX-License-Identifier: ISC */
/* exporter.c: a row for each column of the console's that has a name in the exporter. */
#include "exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One metric: from which column (LISTS: which list; CONFIG: which key), under which name. */
struct column {
	const char *from, *name, *help;
};

static const struct column of_config[] = {
	{ "max_client_conn", "pgbouncer_config_max_client_connections",
	  "Clients that PgBouncer takes at most (max_client_conn)." },
	{ "max_user_connections", "pgbouncer_config_max_user_connections",
	  "Server connections of one user at most (max_user_connections), 0 for no limit." },
	{ 0 },
};

static const struct column of_lists[] = {
	{ "databases", "pgbouncer_databases", "Databases." },
	{ "users", "pgbouncer_users", "Users." },
	{ "pools", "pgbouncer_pools", "Pools." },
	{ "free_clients", "pgbouncer_free_clients", "Client slots that are allocated and free." },
	{ "used_clients", "pgbouncer_used_clients", "Clients." },
	{ "login_clients", "pgbouncer_login_clients", "Clients that are logging in." },
	{ "free_servers", "pgbouncer_free_servers", "Server slots that are allocated and free." },
	{ "used_servers", "pgbouncer_used_servers", "Server connections." },
	{ "dns_names", "pgbouncer_cached_dns_names", "Host names in PgBouncer's cache." },
	{ "dns_zones", "pgbouncer_cached_dns_zones", "DNS zones in PgBouncer's cache." },
	{ "dns_queries", "pgbouncer_in_flight_dns_queries", "DNS queries under way." },
	{ 0 },
};

static const struct column of_databases[] = {
	{ "pool_size", "pgbouncer_databases_pool_size", "Server connections of a pool at most." },
	{ "reserve_pool", "pgbouncer_databases_reserve_pool",
	  "Server connections of a pool beyond its size, for clients that wait for long." },
	/* Its name since 1.24. */
	{ "reserve_pool_size", "pgbouncer_databases_reserve_pool",
	  "Server connections of a pool beyond its size, for clients that wait for long." },
	{ "max_connections", "pgbouncer_databases_max_connections",
	  "Server connections of the database at most, 0 for no limit." },
	{ "current_connections", "pgbouncer_databases_current_connections",
	  "Server connections of the database." },
	{ "paused", "pgbouncer_databases_paused", "1 where the database is paused." },
	{ "disabled", "pgbouncer_databases_disabled", "1 where the database is disabled." },
	{ 0 },
};

static const struct column of_pools[] = {
	{ "cl_active", "pgbouncer_pools_client_active_connections",
	  "Clients with a server connection, or idle." },
	{ "cl_active_cancel_req", "pgbouncer_pools_client_active_cancel_connections",
	  "Clients whose cancel request is with the server." },
	{ "cl_waiting", "pgbouncer_pools_client_waiting_connections",
	  "Clients that wait for a server connection." },
	{ "cl_waiting_cancel_req", "pgbouncer_pools_client_waiting_cancel_connections",
	  "Clients whose cancel request waits to be sent." },
	{ "sv_active", "pgbouncer_pools_server_active_connections",
	  "Server connections that belong to a client." },
	{ "sv_active_cancel", "pgbouncer_pools_server_active_cancel_connections",
	  "Server connections that send a cancel request." },
	{ "sv_being_canceled", "pgbouncer_pools_server_being_canceled_connections",
	  "Server connections that wait for a cancel request." },
	{ "sv_idle", "pgbouncer_pools_server_idle_connections",
	  "Server connections that are ready for use." },
	{ "sv_used", "pgbouncer_pools_server_used_connections",
	  "Server connections that must be tested before their next use." },
	{ "sv_tested", "pgbouncer_pools_server_testing_connections",
	  "Server connections that are being reset or tested." },
	{ "sv_login", "pgbouncer_pools_server_login_connections",
	  "Server connections that are logging in." },
	{ 0 },
};

/* Names without their prefix; times are in us. */
static const struct column of_totals[] = {
	{ "query_count", "queries_pooled_total", "Queries." },
	{ "query_time", "queries_duration_seconds_total", "Time of running queries." },
	{ "bytes_received", "received_bytes_total", "Bytes from clients." },
	{ "bytes_sent", "sent_bytes_total", "Bytes to clients." },
	{ "wait_time", "client_wait_seconds_total", "Time of clients waiting for a server." },
	{ "xact_count", "sql_transactions_pooled_total", "Transactions." },
	{ "xact_time", "server_in_transaction_seconds_total", "Time within transactions." },
	{ "client_parse_count", "client_parses_total", "Statements prepared by clients." },
	{ "server_parse_count", "server_parses_total", "Statements prepared at the server." },
	{ "bind_count", "binds_total", "Prepared statements bound." },
	{ "server_assignment_count", "server_assignments_total",
	  "Times a client was given a server connection." },
	{ 0 },
};

bool
tw_dialect_read(const char *word, enum tw_dialect *dialect, struct tw_err *e)
{
	static const char *const words[] = {
		[TW_DIALECT_OLD] = "old", [TW_DIALECT_NEW] = "new", [TW_DIALECT_BOTH] = "both"
	};

	for (int i = TW_DIALECT_OLD; i <= TW_DIALECT_BOTH; i++) {
		if (strcmp(words[i], word) == 0) {
			*dialect = (enum tw_dialect)i;
			return true;
		}
	}
	return tw_fail(e, EX_USAGE, "--dialect: expected old, new or both, got '%s'", word);
}

/* number is a field as a number; false where there is none. */
static bool
number(const PGresult *rows, int row, const char *column, double *out)
{
	const char *text = tw_admin_value(rows, row, column);
	char *end;

	if (text == NULL || *text == '\0')
		return false;
	*out = strtod(text, &end);
	return *end == '\0';
}

/* keyed_add appends a metric for each key of a table of two columns. */
static bool
keyed_add(struct tw_exposition *x, const PGresult *rows, const char *key, const char *value,
          const struct column *c, struct tw_err *e)
{
	bool ok = true;

	for (; ok && rows != NULL && c->from != NULL; c++) {
		int row = tw_admin_row(rows, key, c->from);
		double n;

		tw_family(x, c->name, "gauge", c->help);
		if (row >= 0 && number(rows, row, value, &n))
			ok = tw_point(x, NULL, n, e);
	}
	return ok;
}

/* wanted tells whether a row is of a pool, or a database, that is looked at. */
static bool
wanted(const struct tw_sample *s, bool only, const PGresult *rows, int row)
{
	const char *database = tw_admin_value(rows, row, "database");
	const char *user = tw_admin_value(rows, row, "user");

	database = tw_admin_value(rows, row, "name") != NULL ? tw_admin_value(rows, row, "name")
	                                                     : database;
	if (!only)
		return true;
	for (size_t i = 0; database != NULL && i < s->pools.n; i++) {
		if (strcmp(s->pools.item[i].database, database) == 0 &&
		    (user == NULL || strcmp(s->pools.item[i].user, user) == 0))
			return true;
	}
	return false;
}

/* labels_take makes labels of the columns of the same names; a column that is missing is "". */
static void
labels_take(const PGresult *rows, int row, const char *const names[], struct tw_label *out)
{
	for (; *names != NULL; names++) {
		const char *value = tw_admin_value(rows, row, *names);

		*out++ = (struct tw_label){ *names, value != NULL ? value : "" };
	}
	*out = (struct tw_label){ 0 };
}

/* rows_add appends one family: a sample for each row. Times are in us where `name` has seconds. */
static bool
rows_add(struct tw_exposition *x, const struct tw_sample *s, bool only, const PGresult *rows,
         const char *column, const char *const names[], double scale, struct tw_err *e)
{
	bool ok = true;

	for (int i = 0; ok && rows != NULL && i < PQntuples(rows); i++) {
		struct tw_label labels[8];
		double n;

		if (!wanted(s, only, rows, i) || !number(rows, i, column, &n))
			continue;
		labels_take(rows, i, names, labels);
		ok = tw_point(x, labels, n * scale, e);
	}
	return ok;
}

/* databases_add appends SHOW DATABASES. */
static bool
databases_add(struct tw_exposition *x, const struct tw_sample *s, bool only, struct tw_err *e)
{
	static const char *const names[] = { "name",       "host",      "port", "database",
		                             "force_user", "pool_mode", NULL };
	const PGresult *rows = s->table[TW_ADMIN_DATABASES];
	bool ok = true;

	for (const struct column *c = of_databases; ok && c->from != NULL; c++) {
		tw_family(x, c->name, "gauge", c->help);
		ok = rows_add(x, s, only, rows, c->from, names, 1, e);
	}
	return ok;
}

static const char *const pool_names[] = { "database", "user", NULL };

/* maxwait_add appends the longest wait of each pool, with the microseconds. */
static bool
maxwait_add(struct tw_exposition *x, const struct tw_sample *s, bool only, struct tw_err *e)
{
	const PGresult *rows = s->table[TW_ADMIN_POOLS];
	bool ok = true;

	tw_family(x, "pgbouncer_pools_client_maxwait_seconds", "gauge",
	          "How long the first client of the queue has waited.");
	for (int i = 0; ok && rows != NULL && i < PQntuples(rows); i++) {
		struct tw_label labels[3];
		double seconds;

		if (!wanted(s, only, rows, i) || !number(rows, i, "maxwait", &seconds))
			continue;
		labels_take(rows, i, pool_names, labels);
		ok = tw_point(x, labels,
		              seconds + (double)tw_admin_number(rows, i, "maxwait_us") / 1e6, e);
	}
	return ok;
}

/* pools_add appends SHOW POOLS. */
static bool
pools_add(struct tw_exposition *x, const struct tw_sample *s, bool only, struct tw_err *e)
{
	bool ok = true;

	for (const struct column *c = of_pools; ok && c->from != NULL; c++) {
		tw_family(x, c->name, "gauge", c->help);
		ok = rows_add(x, s, only, s->table[TW_ADMIN_POOLS], c->from, pool_names, 1, e);
	}
	return ok && maxwait_add(x, s, only, e);
}

/* totals_add appends SHOW STATS_TOTALS under one prefix. */
static bool
totals_add(struct tw_exposition *x, const struct tw_sample *s, bool only, const char *prefix,
           struct tw_err *e)
{
	static const char *const names[] = { "database", NULL };
	bool ok = true;

	for (const struct column *c = of_totals; ok && c->from != NULL; c++) {
		bool time = strstr(c->name, "_seconds_") != NULL;
		char name[96];

		snprintf(name, sizeof(name), "%s%s", prefix, c->name);
		tw_family(x, name, "counter", c->help);
		ok = rows_add(x, s, only, s->table[TW_ADMIN_STATS_TOTALS], c->from, names,
		              time ? 1e-6 : 1, e);
	}
	return ok;
}

bool
tw_exporter_add(struct tw_exposition *x, const struct tw_sample *s, bool up, bool only,
                enum tw_dialect dialect, struct tw_err *e)
{
	const struct tw_label version[] = { { "version", s->version }, { 0 } };
	bool ok;

	tw_family(x, "pgbouncer_up", "gauge", "1 where the console answers.");
	ok = tw_point(x, NULL, up, e);
	if (!ok || !up)
		return ok;
	tw_family(x, "pgbouncer_version_info", "gauge", "The version of the running PgBouncer.");
	return tw_point(x, version, 1, e) &&
	       keyed_add(x, s->table[TW_ADMIN_CONFIG], "key", "value", of_config, e) &&
	       keyed_add(x, s->table[TW_ADMIN_LISTS], "list", "items", of_lists, e) &&
	       databases_add(x, s, only, e) && pools_add(x, s, only, e) &&
	       ((dialect & TW_DIALECT_OLD) == 0 || totals_add(x, s, only, "pgbouncer_stats_", e)) &&
	       ((dialect & TW_DIALECT_NEW) == 0 ||
	        totals_add(x, s, only, "pgbouncer_stats_totals_", e)) &&
	       ((dialect & TW_DIALECT_NEW) == 0 || tw_exporter_clients(x, s, only, e));
}
