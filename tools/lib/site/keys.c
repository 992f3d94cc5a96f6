/* SPDX-License-Identifier: ISC */
/* keys.c: the tables of keys.h, by section of pgbouncer.ini, and the questions asked of them. */
#include "keys.h"

#include <stdio.h>
#include <string.h>

static const struct tw_key global_keys[] = {
	{ "admin_users", TW_KEY_LIST, 0, 0 },
	{ "application_name_add_host", TW_KEY_BOOL, 0, 0 },
	{ "auth_dbname", TW_KEY_TEXT, TW_PGBOUNCER(1, 19, 0), 0 },
	{ "auth_file", TW_KEY_TEXT, 0, 0 },
	{ "auth_hba_file", TW_KEY_TEXT, 0, 0 },
	{ "auth_ident_file", TW_KEY_TEXT, TW_PGBOUNCER(1, 23, 0), 0 },
	{ "auth_ldap_options", TW_KEY_TEXT, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "auth_query", TW_KEY_TEXT, 0, 0 },
	{ "auth_type", TW_KEY_ENUM, 0, 0 },
	{ "auth_user", TW_KEY_TEXT, 0, 0 },
	{ "autodb_idle_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "cancel_wait_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 19, 0), 0 },
	{ "client_idle_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "client_login_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "client_tls13_ciphers", TW_KEY_TEXT, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "client_tls_ca_file", TW_KEY_TEXT, 0, 0 },
	{ "client_tls_cert_file", TW_KEY_TEXT, 0, 0 },
	{ "client_tls_ciphers", TW_KEY_TEXT, 0, 0 },
	{ "client_tls_dheparams", TW_KEY_ENUM, 0, 0 },
	{ "client_tls_ecdhcurve", TW_KEY_TEXT, 0, 0 },
	{ "client_tls_key_file", TW_KEY_TEXT, 0, 0 },
	{ "client_tls_protocols", TW_KEY_LIST, 0, 0 },
	{ "client_tls_sslmode", TW_KEY_ENUM, 0, 0 },
	{ "conffile", TW_KEY_TEXT, 0, 0 },
	{ "default_pool_size", TW_KEY_INT, 0, 0 },
	{ "disable_pqexec", TW_KEY_BOOL, 0, 0 },
	{ "dns_max_ttl", TW_KEY_SECONDS, 0, 0 },
	{ "dns_nxdomain_ttl", TW_KEY_SECONDS, 0, 0 },
	{ "dns_zone_check_period", TW_KEY_SECONDS, 0, 0 },
	{ "idle_transaction_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "ignore_startup_parameters", TW_KEY_LIST, 0, 0 },
	{ "job_name", TW_KEY_TEXT, 0, 0 },
	{ "listen_addr", TW_KEY_LIST, 0, 0 },
	{ "listen_backlog", TW_KEY_INT, 0, 0 },
	{ "listen_port", TW_KEY_INT, 0, 0 },
	{ "log_connections", TW_KEY_BOOL, 0, 0 },
	{ "log_disconnections", TW_KEY_BOOL, 0, 0 },
	{ "log_pooler_errors", TW_KEY_BOOL, 0, 0 },
	{ "log_stats", TW_KEY_BOOL, 0, 0 },
	{ "logfile", TW_KEY_TEXT, 0, 0 },
	{ "login_notify_message", TW_KEY_TEXT, TW_PGBOUNCER(1, 26, 0), 0 },
	{ "max_client_conn", TW_KEY_INT, 0, 0 },
	{ "max_db_client_connections", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_db_connections", TW_KEY_INT, 0, 0 },
	{ "max_packet_size", TW_KEY_INT, 0, 0 },
	{ "max_prepared_statements", TW_KEY_INT, TW_PGBOUNCER(1, 21, 0), 0 },
	{ "max_user_client_connections", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_user_connections", TW_KEY_INT, 0, 0 },
	{ "min_pool_size", TW_KEY_INT, 0, 0 },
	{ "peer_id", TW_KEY_INT, TW_PGBOUNCER(1, 19, 0), 0 },
	{ "pidfile", TW_KEY_TEXT, 0, 0 },
	{ "pkt_buf", TW_KEY_INT, 0, 0 },
	{ "pool_idle_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 26, 0), 0 },
	{ "pool_mode", TW_KEY_ENUM, 0, 0 },
	{ "query_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "query_wait_notify", TW_KEY_INT, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "query_wait_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "reserve_pool_size", TW_KEY_INT, 0, 0 },
	{ "reserve_pool_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "resolv_conf", TW_KEY_TEXT, 0, 0 },
	{ "sbuf_loopcnt", TW_KEY_INT, 0, 0 },
	{ "scram_iterations", TW_KEY_INT, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "server_check_delay", TW_KEY_SECONDS, 0, 0 },
	{ "server_check_query", TW_KEY_TEXT, 0, 0 },
	{ "server_connect_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "server_fast_close", TW_KEY_BOOL, 0, 0 },
	{ "server_idle_timeout", TW_KEY_SECONDS, 0, 0 },
	{ "server_lifetime", TW_KEY_SECONDS, 0, 0 },
	{ "server_login_retry", TW_KEY_SECONDS, 0, 0 },
	{ "server_reset_query", TW_KEY_TEXT, 0, 0 },
	{ "server_reset_query_always", TW_KEY_BOOL, 0, 0 },
	{ "server_round_robin", TW_KEY_BOOL, 0, 0 },
	{ "server_tls13_ciphers", TW_KEY_TEXT, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "server_tls_ca_file", TW_KEY_TEXT, 0, 0 },
	{ "server_tls_cert_file", TW_KEY_TEXT, 0, 0 },
	{ "server_tls_ciphers", TW_KEY_TEXT, 0, 0 },
	{ "server_tls_key_file", TW_KEY_TEXT, 0, 0 },
	{ "server_tls_protocols", TW_KEY_LIST, 0, 0 },
	{ "server_tls_sslmode", TW_KEY_ENUM, 0, 0 },
	{ "service_name", TW_KEY_TEXT, 0, 0 },
	{ "so_reuseport", TW_KEY_BOOL, 0, 0 },
	{ "stats_period", TW_KEY_INT, 0, 0 },
	{ "stats_users", TW_KEY_LIST, 0, 0 },
	{ "suspend_timeout", TW_KEY_SECONDS, 0, TW_PGBOUNCER(1, 26, 0) },
	{ "syslog", TW_KEY_BOOL, 0, 0 },
	{ "syslog_facility", TW_KEY_TEXT, 0, 0 },
	{ "syslog_ident", TW_KEY_TEXT, 0, 0 },
	{ "tcp_defer_accept", TW_KEY_BOOL, 0, 0 },
	{ "tcp_keepalive", TW_KEY_BOOL, 0, 0 },
	{ "tcp_keepcnt", TW_KEY_INT, 0, 0 },
	{ "tcp_keepidle", TW_KEY_INT, 0, 0 },
	{ "tcp_keepintvl", TW_KEY_INT, 0, 0 },
	{ "tcp_socket_buffer", TW_KEY_INT, 0, 0 },
	{ "tcp_user_timeout", TW_KEY_INT, TW_PGBOUNCER(1, 13, 0), 0 },
	{ "track_extra_parameters", TW_KEY_LIST, TW_PGBOUNCER(1, 20, 0), 0 },
	{ "transaction_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 25, 0), 0 },
	{ "unix_socket_dir", TW_KEY_TEXT, 0, 0 },
	{ "unix_socket_group", TW_KEY_TEXT, 0, 0 },
	{ "unix_socket_mode", TW_KEY_INT, 0, 0 },
	{ "user", TW_KEY_TEXT, 0, 0 },
	{ "verbose", TW_KEY_INT, 0, 0 },
	{ NULL, TW_KEY_TEXT, 0, 0 },
};

static const struct tw_key database_keys[] = {
	{ "application_name", TW_KEY_TEXT, 0, 0 },
	{ "auth_dbname", TW_KEY_TEXT, TW_PGBOUNCER(1, 19, 0), 0 },
	{ "auth_query", TW_KEY_TEXT, TW_PGBOUNCER(1, 22, 0), 0 },
	{ "auth_user", TW_KEY_TEXT, 0, 0 },
	{ "client_encoding", TW_KEY_TEXT, 0, 0 },
	{ "connect_query", TW_KEY_TEXT, 0, 0 },
	{ "datestyle", TW_KEY_TEXT, 0, 0 },
	{ "dbname", TW_KEY_TEXT, 0, 0 },
	{ "host", TW_KEY_TEXT, 0, 0 },
	{ "load_balance_hosts", TW_KEY_ENUM, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_db_client_connections", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_db_connections", TW_KEY_INT, 0, 0 },
	{ "min_pool_size", TW_KEY_INT, TW_PGBOUNCER(1, 16, 0), 0 },
	{ "password", TW_KEY_TEXT, 0, 0 },
	{ "pool_mode", TW_KEY_ENUM, 0, 0 },
	{ "pool_size", TW_KEY_INT, 0, 0 },
	{ "port", TW_KEY_INT, 0, 0 },
	{ "query_wait_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 26, 0), 0 },
	{ "reserve_pool", TW_KEY_INT, 0, 0 },
	{ "reserve_pool_size", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "server_lifetime", TW_KEY_SECONDS, TW_PGBOUNCER(1, 23, 0), 0 },
	{ "timezone", TW_KEY_TEXT, 0, 0 },
	{ "user", TW_KEY_TEXT, 0, 0 },
	{ NULL, TW_KEY_TEXT, 0, 0 },
};

static const struct tw_key user_keys[] = {
	{ "client_idle_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "idle_transaction_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_user_client_connections", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "max_user_connections", TW_KEY_INT, 0, 0 },
	{ "pool_mode", TW_KEY_ENUM, 0, 0 },
	{ "pool_size", TW_KEY_INT, TW_PGBOUNCER(1, 23, 0), 0 },
	{ "query_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "query_wait_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 26, 0), 0 },
	{ "reserve_pool_size", TW_KEY_INT, TW_PGBOUNCER(1, 24, 0), 0 },
	{ "transaction_timeout", TW_KEY_SECONDS, TW_PGBOUNCER(1, 25, 0), 0 },
	{ NULL, TW_KEY_TEXT, 0, 0 },
};

/* What twpool sets itself, because its own files and units depend on it. */
static const char *const managed_keys[] = {
	"auth_file",   "auth_hba_file", "auth_type", "conffile",        "logfile",
	"pidfile",     "service_name",  "job_name",  "unix_socket_dir", "user",
	"stats_users", "syslog",        NULL,
};

/* Keys that would let a password or a superuser into the file. */
static const char *const database_managed_keys[] = { "password", "user", "auth_user", NULL };

const struct tw_key *
tw_key_find(enum tw_key_scope scope, const char *name)
{
	static const struct tw_key *const tables[] = {
		[TW_KEY_GLOBAL] = global_keys,
		[TW_KEY_DATABASE] = database_keys,
		[TW_KEY_USER] = user_keys,
	};

	for (const struct tw_key *k = tables[scope]; k->name != NULL; k++) {
		if (strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}

/* list_has tells whether a NULL-terminated list contains `name`. */
static bool
list_has(const char *const *list, const char *name)
{
	while (*list != NULL && strcmp(*list, name) != 0)
		list++;
	return *list != NULL;
}

/* version_text writes a version number as people do. */
static const char *
version_text(int version, char out[16])
{
	snprintf(out, 16, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
	return out;
}

bool
tw_key_supported(enum tw_key_scope scope, const char *name, int version, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(scope, name);
	char limit[16], installed[16];

	if (k == NULL)
		return tw_fail(e, EX_CONFIG, "%s: no version of PgBouncer knows this key", name);
	if (version != 0 && version < k->since)
		return tw_fail(e, EX_CONFIG, "%s: known since PgBouncer %s, this is %s", name,
		               version_text(k->since, limit), version_text(version, installed));
	if (version != 0 && k->removed != 0 && version >= k->removed)
		return tw_fail(e, EX_CONFIG, "%s: removed in PgBouncer %s, this is %s", name,
		               version_text(k->removed, limit), version_text(version, installed));
	return true;
}

bool
tw_key_check(enum tw_key_scope scope, const char *name, int version, struct tw_err *e)
{
	if ((scope == TW_KEY_GLOBAL && list_has(managed_keys, name)) ||
	    (scope == TW_KEY_DATABASE && list_has(database_managed_keys, name)))
		return tw_fail(e, EX_CONFIG, "%s: twpool sets this key itself", name);
	return tw_key_supported(scope, name, version, e);
}

bool
tw_key_version(const char *text, int *version, struct tw_err *e)
{
	int major, minor, patch, used = 0;

	if (sscanf(text, "%2d.%2d.%2d%n", &major, &minor, &patch, &used) != 3 ||
	    text[used] != '\0' || major < 1 || minor < 0 || patch < 0)
		return tw_fail(e, EX_USAGE, "'%s' is not a PgBouncer version such as 1.18.0", text);
	*version = TW_PGBOUNCER(major, minor, patch);
	return true;
}
