/* SPDX-License-Identifier: ISC */
/* lint_sizes.c: sockets, pools and file descriptors that cannot work together. */
#include "conninfo.h"
#include "lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sun_path of unix(7) without its NUL. */
#define SOCKET_PATH_MAX 107
/* What systemd gives a unit that does not ask: DefaultLimitNOFILE, the soft one. */
#define SYSTEMD_DESCRIPTORS 1024
/* src/main.c, check_limits: beside clients and servers. */
#define OWN_DESCRIPTORS 10

bool
tw_lint_listening(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *dir = tw_lint_value(lint, "unix_socket_dir");
	const char *port = tw_lint_value(lint, "listen_port");
	int n = snprintf(NULL, 0, "%s/.s.PGSQL.%d", dir, (int)strtol(port, NULL, 0));

	if (*dir == '\0' && *tw_lint_value(lint, "listen_addr") == '\0')
		return tw_finding_add(
		    f, tw_lint_place(lint, "listen_addr"), TW_REFUSED, "no-listener",
		    "set listen_addr or unix_socket_dir", e,
		    "neither listen_addr nor unix_socket_dir: PgBouncer has nowhere "
		    "to listen and does not start");
	if (*dir == '@' && tw_lint_before(lint, TW_PGBOUNCER(1, 16, 0)) &&
	    !tw_finding_add(f, tw_lint_place(lint, "unix_socket_dir"), TW_ERROR, "socket-path",
	                    "use a directory", e,
	                    "unix_socket_dir: abstract sockets are known since PgBouncer 1.16.0"))
		return false;
	return *dir == '\0' || n <= SOCKET_PATH_MAX ||
	       tw_finding_add(
		   f, tw_lint_place(lint, "unix_socket_dir"), TW_ERROR, "socket-path",
		   "choose a shorter directory", e,
		   "unix_socket_dir: the socket's path has %d bytes, and PgBouncer cuts it "
		   "to %d in silence",
		   n, SOCKET_PATH_MAX);
}

/* setting is a number of [pgbouncer], or its default. */
static long
setting(const struct tw_lint *lint, const char *key)
{
	return strtol(tw_lint_value(lint, key), NULL, 0);
}

/* pair_number is a number of a line, or `fallback` where it has none or a negative one. */
static long
pair_number(const struct tw_ini_entry *entry, const char *key, long fallback)
{
	struct tw_pair pair;
	long n = tw_pair_find(entry->value, key, &pair) ? strtol(pair.value, NULL, 10) : -1;

	return n >= 0 ? n : fallback;
}

/* pool_check judges the sizes of one database's pools. */
static bool
pool_check(const struct tw_lint *lint, const struct tw_ini_entry *entry, struct tw_findings *f,
           struct tw_err *e)
{
	long size = pair_number(entry, "pool_size", setting(lint, "default_pool_size"));
	long least = pair_number(entry, "min_pool_size", setting(lint, "min_pool_size"));
	long cap = pair_number(entry, "max_db_connections", setting(lint, "max_db_connections"));

	if (size == 0 && tw_lint_before(lint, TW_PGBOUNCER(1, 24, 0)))
		return tw_finding_add(
		    f, entry->key_at, TW_WARNING, "pool-size", "write a number above 0", e,
		    "database '%s': before PgBouncer 1.24.0 a pool of size 0 serves one "
		    "client and then none",
		    entry->key);
	if (size > 0 && least > size &&
	    !tw_finding_add(f, entry->key_at, TW_WARNING, "pool-size", "raise pool_size", e,
	                    "database '%s': min_pool_size %ld is above the pool's size %ld",
	                    entry->key, least, size))
		return false;
	return cap == 0 || size <= cap ||
	       tw_finding_add(f, entry->key_at, TW_WARNING, "pool-size",
	                      "lower pool_size, or raise max_db_connections", e,
	                      "database '%s': max_db_connections %ld is below the pool's size %ld",
	                      entry->key, cap, size);
}

/* descriptors_check does the sum that PgBouncer logs at its start, and then forgets. */
static bool
descriptors_check(const struct tw_lint *lint, long servers, struct tw_findings *f, struct tw_err *e)
{
	long clients = setting(lint, "max_client_conn"), limit = lint->descriptors;
	long wanted = clients + OWN_DESCRIPTORS + servers;

	if (clients <= 0 || wanted <= (limit > 0 ? limit : SYSTEMD_DESCRIPTORS))
		return true;
	if (limit > 0)
		return tw_finding_add(
		    f, tw_lint_place(lint, "max_client_conn"), TW_ERROR, "descriptors",
		    "raise LimitNOFILE, or lower max_client_conn", e,
		    "PgBouncer may open %ld files and needs %ld: further clients hang", limit,
		    wanted);
	return tw_finding_add(
	    f, tw_lint_place(lint, "max_client_conn"), TW_NOTE, "descriptors",
	    "set LimitNOFILE in the unit", e,
	    "PgBouncer needs %ld open files; systemd gives %d where nothing else is "
	    "said, and further clients hang",
	    wanted, SYSTEMD_DESCRIPTORS);
}

bool
tw_lint_sizes(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	long servers = 0;

	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (!tw_ini_in(&lint->ini, entry, "databases") ||
		    tw_ini_find(&lint->ini, "databases", entry->key) != entry ||
		    strcmp(entry->key, "*") == 0)
			continue;
		servers += pair_number(entry, "pool_size", setting(lint, "default_pool_size"));
		if (!pool_check(lint, entry, f, e))
			return false;
	}
	return descriptors_check(lint, servers, f, e);
}
