/* SPDX-License-Identifier: ISC */
/*
 * lint_paths.c: the files, directories and accounts of this host that the configuration names,
 * looked at as PgBouncer's own user would.
 */
#include "base/asuser.h"
#include "lint.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
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

/* foreign tells whether a process runs that has this id and is no PgBouncer, as far as we can see.
 */
static bool
foreign(pid_t pid)
{
	char path[32], line[4096];
	ssize_t n = 0;
	int fd;

	if (kill(pid, 0) != 0 && errno == ESRCH)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, line, sizeof(line));
		close(fd);
	}
	return n <= 0 || memmem(line, (size_t)n, "pgbouncer", strlen("pgbouncer")) == NULL;
}

/*
 * pid_check judges what an old pidfile holds (src/main.c, check_pidfile): PgBouncer does not start
 * where that is no number above 0, or the id of any process that runs. Another PgBouncer's is fine:
 * it may be the one that is about to be stopped.
 */
static bool
pid_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "pidfile");
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_buf text = TW_BUF_INIT;
	pid_t pid = 1;
	bool got = tw_lint_file(lint, path, &text, &ignored), bad, ok = true;

	if (got)
		pid = (pid_t)strtol(tw_buf_text(&text), NULL, 10);
	bad = got && (pid <= 0 || foreign(pid));
	if (bad && pid > 0)
		ok = tw_finding_add(f, tw_lint_place(lint, "pidfile"), TW_REFUSED, "pid-file",
		                    "remove it", e,
		                    "pidfile: '%s' holds %d, the id of a process that is no "
		                    "PgBouncer, with which PgBouncer does not start",
		                    path, pid);
	else if (bad)
		ok = tw_finding_add(f, tw_lint_place(lint, "pidfile"), TW_REFUSED, "pid-file",
		                    "remove it", e,
		                    "pidfile: '%s' %s, with which PgBouncer does not start", path,
		                    text.len == 0 ? "is empty" : "holds no process id");
	tw_buf_free(&text);
	return ok;
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
	if (error == 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		error = EISDIR;
	parent_of(path, dir, sizeof(dir));
	if (error == ENOENT && !reachable(lint, dir, W_OK | X_OK, &error, e))
		return false;
	if (error != 0 &&
	    !tw_finding_add(f, tw_lint_place(lint, key), TW_REFUSED, rule,
	                    "make the directory, and give it to PgBouncer's user", e,
	                    "%s: PgBouncer cannot write '%s': %s", key, path, strerror(error)))
		return false;
	if (strcmp(key, "pidfile") == 0 && error == 0 && !pid_check(lint, f, e))
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
