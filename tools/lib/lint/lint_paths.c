/* SPDX-License-Identifier: ISC */
/*
 * lint_paths.c: the files, directories and accounts of this host that the configuration names,
 * looked at as PgBouncer's own user would.
 */
#include "base/asuser.h"
#include "conninfo.h"
#include "hba.h"
#include "lint.h"
#include "userlist.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_MS 10000

/* One question: may the user reach `path` in this way (faccessat(2))? */
struct probe {
	const char *path;
	int mode;
};

/* probe_run answers it: appends the errno as text, "0" for yes. */
static bool
probe_run(const void *arg, struct tw_buf *out, struct tw_err *e)
{
	const struct probe *p = arg;
	int error = faccessat(AT_FDCWD, p->path, p->mode, AT_EACCESS) == 0 ? 0 : errno;

	return tw_buf_printf(out, e, "%d", error);
}

/* reachable is 0, or the errno with which PgBouncer's user is refused. */
static bool
reachable(const struct tw_lint *lint, const char *path, int mode, int *error, struct tw_err *e)
{
	const struct probe p = { path, mode };
	struct tw_buf out = TW_BUF_INIT;
	bool ok = geteuid() == 0 && lint->user != NULL && strcmp(lint->user, "root") != 0
	              ? tw_as_user(lint->user, probe_run, &p, tw_pg_now() + PROBE_MS, &out, e)
	              : probe_run(&p, &out, e);

	*error = ok ? (int)strtol(tw_buf_text(&out), NULL, 10) : 0;
	tw_buf_free(&out);
	return ok;
}

/* parent_of copies the directory of a path. */
static const char *
parent_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');

	snprintf(out, size, "%.*s",
	         slash == NULL   ? 1
	         : slash == path ? 1
	                         : (int)(slash - path),
	         slash == NULL ? "." : path);
	return out;
}

/* volatile_dir tells whether a directory is made anew at every boot. */
static bool
volatile_dir(const char *dir)
{
	return strncmp(dir, "/run/", 5) == 0 || strncmp(dir, "/var/run/", 9) == 0;
}

/* written_check judges a file that PgBouncer writes: logfile, pidfile. */
static bool
written_check(const struct tw_lint *lint, const char *key, const char *rule, struct tw_findings *f,
              struct tw_err *e)
{
	const char *path = tw_lint_value(lint, key);
	char dir[1024];
	struct stat st;
	int error;

	if (*path == '\0')
		return true;
	if (!reachable(lint, path, W_OK, &error, e))
		return false;
	parent_of(path, dir, sizeof(dir));
	if (error == ENOENT && !reachable(lint, dir, W_OK | X_OK, &error, e))
		return false;
	if (error != 0 &&
	    !tw_finding_add(f, tw_lint_place(lint, key), TW_REFUSED, rule,
	                    "make the directory, and give it to PgBouncer's user", e,
	                    "%s: PgBouncer cannot write '%s': %s", key, path, strerror(error)))
		return false;
	if (strcmp(key, "pidfile") == 0 && error == 0 && stat(path, &st) == 0 && st.st_size == 0 &&
	    !tw_finding_add(f, tw_lint_place(lint, key), TW_REFUSED, rule, "remove it", e,
	                    "pidfile: '%s' is empty, with which PgBouncer does not start", path))
		return false;
	return !volatile_dir(dir) || strcmp(key, "pidfile") != 0 ||
	       tw_finding_add(f, tw_lint_place(lint, key), TW_NOTE, "run-directory",
	                      "set RuntimeDirectory in the unit, or leave pidfile unset", e,
	                      "%s: '%s' is gone after a reboot unless something makes it", key,
	                      dir);
}

/* socket_check judges the directory of the sockets, and their group. */
static bool
socket_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *dir = tw_lint_value(lint, "unix_socket_dir");
	const char *group = tw_lint_value(lint, "unix_socket_group");
	bool fatal = !tw_lint_before(lint, TW_PGBOUNCER(1, 19, 0)) ||
	             *tw_lint_value(lint, "listen_addr") == '\0';
	int error = 0;

	if (*group != '\0' && getgrnam(group) == NULL &&
	    !tw_finding_add(f, tw_lint_place(lint, "unix_socket_group"), TW_REFUSED, "socket-group",
	                    "name a group that exists", e,
	                    "unix_socket_group: there is no group '%s'", group))
		return false;
	if (*dir == '\0' || *dir == '@')
		return true;
	if (!reachable(lint, dir, W_OK | X_OK, &error, e))
		return false;
	if (error == 0)
		return true;
	if (volatile_dir(dir) && error == ENOENT)
		return tw_finding_add(f, tw_lint_place(lint, "unix_socket_dir"), TW_NOTE,
		                      "run-directory", "set RuntimeDirectory in the unit", e,
		                      "unix_socket_dir: '%s' does not exist now", dir);
	return tw_finding_add(
	    f, tw_lint_place(lint, "unix_socket_dir"), fatal ? TW_REFUSED : TW_ERROR,
	    "socket-directory", "make it, and give it to PgBouncer's user", e,
	    "unix_socket_dir: PgBouncer cannot use '%s': %s", dir, strerror(error));
}

/* account_check judges `user`. */
static bool
account_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *name = tw_lint_value(lint, "user");

	return *name == '\0' || getpwnam(name) != NULL ||
	       tw_finding_add(f, tw_lint_place(lint, "user"), TW_REFUSED, "account",
	                      "name a user that exists", e, "user: there is no user '%s'", name);
}

/* tls_check judges the files of TLS; the client's side is read at the start. */
static bool
tls_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	static const char *const keys[] = { "client_tls_key_file",  "client_tls_cert_file",
		                            "client_tls_ca_file",   "server_tls_key_file",
		                            "server_tls_cert_file", "server_tls_ca_file" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *path = tw_lint_value(lint, keys[i]);
		bool client = keys[i][0] == 'c';
		int error;

		if (*path == '\0' || strcmp(tw_lint_value(lint, client ? "client_tls_sslmode"
		                                                       : "server_tls_sslmode"),
		                            "disable") == 0)
			continue;
		if (!reachable(lint, path, R_OK, &error, e))
			return false;
		if (error != 0 &&
		    !tw_finding_add(f, tw_lint_place(lint, keys[i]), client ? TW_REFUSED : TW_ERROR,
		                    "tls-file", "give a file that PgBouncer's user can read", e,
		                    "%s: PgBouncer cannot read '%s': %s%s", keys[i], path,
		                    strerror(error), client ? "" : ", which it does not notice"))
			return false;
	}
	return true;
}

bool
tw_lint_paths(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	int error = 0;

	if (lint->staged != NULL) /* what is not there yet will be */
		return account_check(lint, f, e) && tls_check(lint, f, e);
	if (lint->path != NULL && !reachable(lint, lint->path, R_OK, &error, e))
		return false;
	if (error != 0 &&
	    !tw_finding_add(f, (struct tw_place){ 1, 1, NULL }, TW_REFUSED, "unreadable",
	                    "give it to that user's group", e,
	                    "PgBouncer's user cannot read this file: %s", strerror(error)))
		return false;
	return account_check(lint, f, e) && written_check(lint, "logfile", "log-file", f, e) &&
	       written_check(lint, "pidfile", "pid-file", f, e) && socket_check(lint, f, e) &&
	       tls_check(lint, f, e);
}

/* file_open reads a file that the key names; what hinders is a finding. *got: it was read. */
static bool
file_open(const struct tw_lint *lint, const char *key, const char *rule, const char *consequence,
          struct tw_buf *text, bool *got, struct tw_findings *f, struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;

	*got = tw_lint_file(lint, tw_lint_value(lint, key), text, &why);
	return *got ||
	       tw_finding_add(f, tw_lint_place(lint, key), TW_ERROR, rule,
	                      "give a file that PgBouncer's user can read", e,
	                      "%s: %s: PgBouncer starts, and %s", key, why.msg, consequence);
}

/* admins_check looks for the console's users among those that have a secret. */
static bool
admins_check(const struct tw_lint *lint, const char *key, const struct tw_userlist *list,
             struct tw_findings *f, struct tw_err *e)
{
	const char *at = tw_lint_value(lint, key);

	for (at += strspn(at, ", \t"); *at != '\0'; at += strspn(at, ", \t")) {
		size_t n = strcspn(at, ", \t");

		if (tw_userlist_find(list, at, n) == NULL &&
		    !tw_finding_add(
			f, tw_lint_place(lint, key), TW_WARNING, "admin-login",
			"add a line for it to auth_file", e,
			"%s: '%.*s' is not in auth_file: a login to the console fails, or "
			"hangs up to PgBouncer 1.19",
			key, (int)n, at))
			return false;
		at += n;
	}
	return true;
}

/* forced_check: a user that a database forces cannot log in to PostgreSQL with a SCRAM secret. */
static bool
forced_check(const struct tw_lint *lint, const struct tw_userlist *list, struct tw_findings *f,
             struct tw_err *e)
{
	struct tw_pair user, password;
	const struct tw_user *known;

	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (!tw_ini_in(&lint->ini, entry, "databases") ||
		    !tw_pair_find(entry->value, "user", &user))
			continue;
		known = tw_userlist_find(list, user.value, strlen(user.value));
		if (known != NULL && known->scram &&
		    !tw_pair_find(entry->value, "password", &password) &&
		    !tw_finding_add(
			f, entry->key_at, TW_ERROR, "forced-scram",
			"leave user= out: clients keep their user", e,
			"database '%s': its user has a SCRAM secret in auth_file, with which "
			"PgBouncer cannot log in to PostgreSQL",
			entry->key))
			return false;
	}
	explicit_bzero(&password, sizeof(password));
	return true;
}

bool
tw_lint_userlist(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "auth_file");
	struct tw_userlist list = TW_USERLIST_INIT;
	struct tw_buf text = TW_BUF_INIT;
	struct stat st;
	bool got, ok;

	if (*path == '\0')
		return true;
	ok = file_open(lint, "auth_file", "auth-file", "nobody of it can log in", &text, &got, f,
	               e);
	if (ok && got)
		ok = tw_userlist_parse(&text, path, lint->version, &list, f, e) &&
		     admins_check(lint, "admin_users", &list, f, e) &&
		     admins_check(lint, "stats_users", &list, f, e) &&
		     forced_check(lint, &list, f, e);
	if (ok && got && lint->staged == NULL && list.secrets > 0 && stat(path, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		ok = tw_finding_add(f, tw_lint_place(lint, "auth_file"), TW_WARNING,
		                    "auth-file-mode", "set its mode to 0640", e,
		                    "auth_file: everybody on this host can read the secrets");
	tw_userlist_free(&list);
	tw_buf_free(&text);
	return ok;
}

bool
tw_lint_hba(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "auth_hba_file");
	struct tw_buf text = TW_BUF_INIT;
	size_t rules = 0;
	bool got, ok;

	if (*path == '\0')
		return true;
	ok = file_open(lint, "auth_hba_file", "hba-file", "refuses every client", &text, &got, f,
	               e) &&
	     (!got || tw_hba_parse(&text, path, lint->version, &rules, f, e)) &&
	     (!got || rules > 0 ||
	      tw_finding_add(f, tw_lint_place(lint, "auth_hba_file"), TW_WARNING, "hba-file",
	                     "add a rule", e,
	                     "auth_hba_file: it has no rule: PgBouncer refuses every client"));
	tw_buf_free(&text);
	return ok;
}
