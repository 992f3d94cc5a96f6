/* SPDX-License-Identifier: ISC */
/* sources.c: where the fact behind each rule was read. The tag is the newest that was read. */
#include "lint.h"

#include <string.h>

#define PARSER "pgbouncer_1_25_2:lib/usual/cfparser.c"
#define LOADER "pgbouncer_1_25_2:src/loader.c"
#define MAIN "pgbouncer_1_25_2:src/main.c"
#define MEASURED "measured on PgBouncer 1.15.0, 1.18.0, 1.24.1 and 1.26.1"

static const struct {
	const char *rule, *source;
} sources[] = {
	{ "nul", PARSER },
	{ "bom", MEASURED },
	{ "carriage-return", MEASURED },
	{ "syntax", PARSER },
	{ "include", PARSER },
	{ "outside-section", PARSER },
	{ "unknown-section", PARSER },
	{ "no-section", MAIN },
	{ "duplicate-section", PARSER " (fill_defaults)" },
	{ "duplicate-key", PARSER },
	{ "inline-comment", PARSER },
	{ "quoted-value", PARSER },
	{ "unknown-key", MAIN },
	{ "key-too-new", "pgbouncer's NEWS.md and src/main.c at the tags" },
	{ "removed-key", "pgbouncer's NEWS.md and src/main.c at the tags" },
	{ "integer", PARSER " (cf_set_int), " LOADER " (atoi)" },
	{ "boolean", PARSER " (cf_set_int)" },
	{ "seconds", PARSER " (cf_set_time_usec)" },
	{ "range", "pgbouncer_1_25_2:doc/config.md; " MEASURED },
	{ "enum", PARSER " (cf_set_lookup)" },
	{ "build", MAIN },
	{ "port", "pgbouncer_1_25_2:src/pooler.c; " MEASURED },
	{ "connection-string", LOADER " (cstr_get_pair)" },
	{ "reserved-name", LOADER },
	{ "name-length", "pgbouncer_1_25_2:include/bouncer.h" },
	{ "peer", LOADER " (parse_peer)" },
	{ "wildcard", "pgbouncer_1_25_2:doc/config.md" },
	{ "superuser", "pgbouncer_1_25_2:doc/config.md" },
	{ "password", PARSER " (log_error prints the value)" },
	{ "auth-open", "pgbouncer_1_25_2:doc/config.md" },
	{ "auth-plain", "pgbouncer_1_25_2:doc/config.md" },
	{ "auth-file", LOADER " (load_auth_file)" },
	{ "auth-file-time", LOADER " (auth_loaded)" },
	{ "auth-file-mode", "pgbouncer_1_25_2:doc/usage.md" },
	{ "hba-file", MAIN "; " MEASURED },
	{ "hba", "pgbouncer_1_25_2:src/hba.c" },
	{ "no-admin", "pgbouncer_1_25_2:src/admin.c" },
	{ "admin-login", "pgbouncer_1_25_2:src/client.c" },
	{ "startup-parameters", "pgbouncer_1_25_2:src/client.c" },
	{ "listen-address", "pgbouncer_1_25_2:src/pooler.c; " MEASURED },
	{ "no-listener", "pgbouncer_1_25_2:src/pooler.c" },
	{ "socket-path", "pgbouncer_1_25_2:src/pooler.c; unix(7)" },
	{ "socket-directory", "pgbouncer_1_25_2:src/pooler.c" },
	{ "socket-group", "pgbouncer_1_25_2:src/pooler.c" },
	{ "account", MAIN },
	{ "log-file", "pgbouncer_1_25_2:lib/usual/logging.c" },
	{ "pid-file", MAIN "; " MEASURED },
	{ "run-directory", "file-hierarchy(7), tmpfiles.d(5)" },
	{ "tls", "pgbouncer_1_25_2:src/sbuf.c (sbuf_tls_setup)" },
	{ "tls-file", "pgbouncer_1_25_2:src/sbuf.c; " MEASURED },
	{ "pool-size", "pgbouncer_1_25_2:doc/config.md" },
	{ "descriptors", MAIN " (check_limits)" },
	{ "unreadable", MEASURED },
	{ "userlist", LOADER " (load_auth_file)" },
	{ "userlist-duplicate", LOADER " (add_user)" },
	{ "forced-scram", "pgbouncer_1_25_2:src/server.c; " MEASURED },
	{ "stats-users", "pgbouncer's NEWS.md, 1.25.2" },
	{ "secret-length", "pgbouncer_1_25_2:include/bouncer.h; " MEASURED },
	{ "secret-kind", "pgbouncer_1_25_2:src/scram.c (get_password_type)" },
	{ "boot-refused", "the installed binary" },
	{ "boot-differs", "the installed binary" },
	{ "boot-log", "the installed binary" },
	{ "reload-needed", "SHOW CONFIG and SHOW DATABASES of the running PgBouncer" },
	{ "restart-needed", "SHOW CONFIG of the running PgBouncer (changeable)" },
	{ "default-in-force", "SHOW CONFIG of the running PgBouncer (default)" },
	{ "binary-newer", "SHOW VERSION of the running PgBouncer, and the binary's -V" },
	{ "reload", "SHOW CONFIG, SHOW DATABASES and SHOW USERS of the running PgBouncer" },
	{ "listener", "/proc/net and /proc/PID/fd" },
};

const char *
tw_lint_source(const char *rule)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (strcmp(sources[i].rule, rule) == 0)
			return sources[i].source;
	}
	return "";
}
