/* SPDX-License-Identifier: ISC */
/* keys_near.c: "did you mean": what somebody meant by a name that PgBouncer does not know there. */
#include "keys.h"

#include <string.h>

#define NAME_MAX_BYTES 40

/* Names from elsewhere, and the key that does what they do there. */
static const struct {
	enum tw_key_scope scope;
	const char *wrong, *right;
} known[] = {
	{ TW_KEY_GLOBAL, "statement_timeout", "query_timeout" },
	{ TW_KEY_GLOBAL, "idle_in_transaction_session_timeout", "idle_transaction_timeout" },
	{ TW_KEY_GLOBAL, "idle_session_timeout", "client_idle_timeout" },
	{ TW_KEY_GLOBAL, "max_connections", "max_client_conn" },
	{ TW_KEY_GLOBAL, "max_client_connections", "max_client_conn" },
	{ TW_KEY_GLOBAL, "pool_size", "default_pool_size" },
	{ TW_KEY_GLOBAL, "max_pool_size", "default_pool_size" },
	{ TW_KEY_GLOBAL, "reserve_pool", "reserve_pool_size" },
	{ TW_KEY_GLOBAL, "listen_addresses", "listen_addr" },
	{ TW_KEY_GLOBAL, "port", "listen_port" },
	{ TW_KEY_GLOBAL, "unix_socket_directories", "unix_socket_dir" },
	{ TW_KEY_GLOBAL, "hba_file", "auth_hba_file" },
	{ TW_KEY_GLOBAL, "log_file", "logfile" },
	{ TW_KEY_GLOBAL, "pid_file", "pidfile" },
	{ TW_KEY_GLOBAL, "service_name", "job_name" },
	{ TW_KEY_GLOBAL, "sslmode", "server_tls_sslmode" },
	{ TW_KEY_GLOBAL, "ssl_cert_file", "client_tls_cert_file" },
	{ TW_KEY_GLOBAL, "ssl_key_file", "client_tls_key_file" },
	{ TW_KEY_DATABASE, "database", "dbname" },
	{ TW_KEY_DATABASE, "hostaddr", "host" },
	{ TW_KEY_DATABASE, "username", "user" },
	{ TW_KEY_DATABASE, "default_pool_size", "pool_size" },
	{ TW_KEY_DATABASE, "max_connections", "max_db_connections" },
	{ TW_KEY_DATABASE, "max_client_connections", "max_db_client_connections" },
	{ TW_KEY_DATABASE, "reserve_pool_size", "reserve_pool" },
	{ TW_KEY_USER, "default_pool_size", "pool_size" },
	{ TW_KEY_USER, "max_connections", "max_user_connections" },
};

/* distance counts the letters to change, add, drop or swap; both at most NAME_MAX_BYTES long. */
static size_t
distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[3][NAME_MAX_BYTES + 1];

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *old = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    old[j - 2] + 1 < best)
				best = old[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *
tw_key_near(enum tw_key_scope scope, const char *name, int version)
{
	size_t n = strlen(name), nearest = n < 5 ? 2 : n < 9 ? 3 : 4;
	const char *found = NULL;
	struct tw_err none = TW_ERR_INIT;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].scope == scope && strcmp(known[i].wrong, name) == 0 &&
		    tw_key_supported(scope, known[i].right, version, &none))
			return known[i].right;
	}
	for (const struct tw_key *k = tw_key_table(scope); n <= NAME_MAX_BYTES && k->name != NULL;
	     k++) {
		size_t d, m = strlen(k->name);

		if (m > NAME_MAX_BYTES || m + nearest <= n || n + nearest <= m || k->windows ||
		    (version != 0 &&
		     (version < k->since || (k->removed != 0 && version >= k->removed))))
			continue;
		d = distance(name, k->name);
		if (d > 0 && d < nearest) {
			nearest = d;
			found = k->name;
		}
	}
	return found;
}
