/* SPDX-License-Identifier: ISC */
/* boot.c: a directory, a process, a question, and nothing of it left. */
#include "boot.h"
#include "base/asuser.h"
#include "base/run.h"
#include "pg/admin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a stopped process may take, and how often we look; milliseconds. */
#define STOP_MS 2000
#define LOOK_MS 4
/* What of the log counts, in bytes. */
#define LOG_MAX ((size_t)64 << 10)

/* One shadow boot under way. */
struct shadow {
	const struct tw_lint *lint;
	const char *binary;
	char dir[64];
	pid_t pid; /* 0: not running */
};

void
tw_boot_free(struct tw_boot *boot)
{
	tw_readback_free(&boot->readback);
	*boot = (struct tw_boot)TW_BOOT_INIT;
}

bool
tw_boot_version(const char *binary, int *version, struct tw_err *e)
{
	const char *const argv[] = { binary, "-V", NULL };
	static const char head[] = "PgBouncer ";
	struct tw_buf out = TW_BUF_INIT;
	int status;
	bool ok = tw_run(argv, 10, &out, &status, e);

	if (out.data != NULL)
		out.data[strcspn(out.data, "\n")] = '\0';
	ok = ok &&
	     ((status == 0 && strncmp(tw_buf_text(&out), head, strlen(head)) == 0) ||
	      tw_fail(e, EX_UNAVAILABLE, "'%s' is no PgBouncer", binary)) &&
	     tw_key_version(tw_buf_text(&out) + strlen(head), version, e);
	tw_buf_free(&out);
	return ok;
}

/* dir_make makes the private directory, of PgBouncer's user. */
static bool
dir_make(struct shadow *s, struct tw_err *e)
{
	const struct passwd *pw = NULL;

	if (geteuid() == 0) {
		if (s->lint->user == NULL)
			return tw_fail(e, EX_CONFIG, "PgBouncer's user is not known") ||
			       tw_hint(e, "Say it: --user NAME.");
		pw = getpwnam(s->lint->user);
		if (pw == NULL)
			return tw_fail(e, EX_CONFIG, "there is no OS user '%s'", s->lint->user);
		if (pw->pw_uid == 0)
			return tw_fail(e, EX_CONFIG, "PgBouncer does not run as root");
	}
	/* The process id tells whoever sweeps whether we are still there. */
	snprintf(s->dir, sizeof(s->dir), "/tmp/twpool-boot.%ld.XXXXXX", (long)getpid());
	if (mkdtemp(s->dir) == NULL) {
		s->dir[0] = '\0';
		return tw_fail_errno(e, EX_OSERR, "make a directory in /tmp");
	}
	return tw_boot_copy(s->lint, s->dir, e) &&
	       (pw == NULL || chown(s->dir, pw->pw_uid, pw->pw_gid) == 0 ||
	        tw_fail_errno(e, EX_OSERR, "chown '%s'", s->dir));
}

/* dir_remove removes it and what is in it: files only. */
static void
dir_remove(struct shadow *s)
{
	DIR *dir = s->dir[0] != '\0' ? opendir(s->dir) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	if (s->dir[0] != '\0')
		rmdir(s->dir);
}

/* child_run becomes the binary: its own session and network, no descriptor and no variable of ours.
 */
static _Noreturn void
child_run(const struct shadow *s, int log, pid_t parent)
{
	char ini[80];
	char *const argv[] = { (char *)s->binary, ini, NULL };
	char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/", NULL };
	struct tw_err e = TW_ERR_INIT;
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(ini, sizeof(ini), "%s/ini", s->dir);
	setsid();
	if (geteuid() == 0)
		unshare(CLONE_NEWNET); /* where it may: a second lock on the door */
	if (dup2(log, 1) < 0 || dup2(log, 2) < 0 || dup2(open("/dev/null", O_RDONLY), 0) < 0 ||
	    chdir("/") != 0 || (geteuid() == 0 && !tw_become(s->lint->user, &e)))
		_exit(EX_OSERR);
	if (syscall(SYS_close_range, 3U, ~0U, 0) != 0) {
		for (int i = 3; i < 1024; i++)
			close(i);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execve(s->binary, argv, env);
	dprintf(2, "cannot run '%s': %s\n", s->binary, strerror(errno));
	_exit(EX_UNAVAILABLE);
}

/* shadow_start starts the process. */
static bool
shadow_start(struct shadow *s, struct tw_err *e)
{
	pid_t parent = getpid();
	char path[80];
	int log;

	if (access(s->binary, X_OK) != 0)
		return tw_fail_errno(e, EX_UNAVAILABLE, "cannot run '%s'", s->binary);
	snprintf(path, sizeof(path), "%s/log", s->dir);
	log = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0)
		return tw_fail_errno(e, EX_OSERR, "make '%s'", path);
	fflush(NULL);
	s->pid = fork();
	if (s->pid == 0)
		child_run(s, log, parent);
	close(log);
	if (s->pid < 0) {
		s->pid = 0;
		return tw_fail_errno(e, EX_OSERR, "fork");
	}
	return true;
}

/* ended tells whether the process has; *status then. */
static bool
ended(struct shadow *s, int *status)
{
	int code;

	if (s->pid == 0 || waitpid(s->pid, &code, WNOHANG) != s->pid)
		return false;
	s->pid = 0;
	*status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
	return true;
}

/* shadow_stop ends the process: at once, and if it must be by force. */
static void
shadow_stop(struct shadow *s)
{
	tw_ms end = tw_pg_now() + STOP_MS;
	int status;

	if (s->pid == 0)
		return;
	kill(s->pid, SIGQUIT);
	while (!ended(s, &status)) {
		if (tw_pg_now() >= end)
			kill(s->pid, SIGKILL);
		poll(NULL, 0, LOOK_MS);
	}
}

/* asked_to_stop tells whether a signal waits that would have ended us. */
static bool
asked_to_stop(void)
{
	sigset_t waiting;

	return sigpending(&waiting) == 0 &&
	       (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
	        sigismember(&waiting, SIGHUP) == 1);
}

/* console_open waits for the console. *conn stays NULL where the process ended, or refuses. */
static bool
console_open(struct shadow *s, tw_ms deadline, struct tw_boot *boot, PGconn **conn,
             struct tw_err *e)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_err why = TW_ERR_INIT;
	char path[96];
	bool ok = tw_pg_params_set(&p, "host", s->dir, e) &&
	          tw_pg_params_set(&p, "port", TW_BOOT_PORT, e);

	snprintf(path, sizeof(path), "%s/.s.PGSQL." TW_BOOT_PORT, s->dir);
	while (ok && !ended(s, &boot->status)) {
		if (access(path, F_OK) == 0) {
			why = (struct tw_err)TW_ERR_INIT;
			if (tw_admin_connect(&p, deadline, conn, &why))
				break;
			boot->started |= why.exit == EX_NOPERM;
			if (boot->started)
				break;
		}
		if (asked_to_stop())
			ok = tw_fail(e, EX_TEMPFAIL, "stopped by a signal");
		if (tw_pg_now() >= deadline) {
			boot->started = access(path, F_OK) == 0;
			if (!boot->started)
				ok = tw_fail(e, EX_TEMPFAIL, "the shadow boot took too long");
			break;
		}
		poll(NULL, 0, LOOK_MS);
	}
	tw_pg_params_free(&p);
	return ok;
}

/* log_read takes what the process wrote. */
static bool
log_read(const struct shadow *s, struct tw_buf *log, struct tw_err *e)
{
	char path[80], chunk[4096];
	ssize_t n;
	bool ok = true;
	int fd;

	snprintf(path, sizeof(path), "%s/log", s->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && ok && log->len < LOG_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		ok = tw_buf_add(log, chunk, (size_t)n, e);
	explicit_bzero(chunk, sizeof(chunk));
	if (fd >= 0)
		close(fd);
	return ok;
}

/* shadow_judge asks the process, stops it, and judges what it said. */
static bool
shadow_judge(struct shadow *s, tw_ms deadline, struct tw_boot *boot, struct tw_findings *f,
             struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;
	struct tw_buf log = TW_BUF_INIT;
	PGconn *conn = NULL;
	bool ok = console_open(s, deadline, boot, &conn, e);

	if (ok && conn != NULL) {
		boot->usable = tw_readback_ask(conn, deadline, &boot->readback, &why);
		boot->started = boot->usable || !ended(s, &boot->status);
	}
	PQfinish(conn);
	shadow_stop(s);
	ok = ok && log_read(s, &log, e) &&
	     tw_boot_log(s->lint, s->dir, tw_buf_text(&log), boot->started, f, e);
	if (ok && boot->started && !boot->usable)
		ok = tw_finding_add(f, (struct tw_place){ 1, 1, NULL }, TW_ERROR, "boot-differs",
		                    "see the other findings", e,
		                    "this PgBouncer starts, but its console does not answer");
	if (ok && boot->usable)
		ok = tw_compare(s->lint, &boot->readback, true, &boot->same, f, e);
	tw_buf_free(&log);
	return ok;
}

bool
tw_boot(const struct tw_lint *lint, const char *binary, tw_ms deadline, struct tw_boot *boot,
        struct tw_findings *f, struct tw_err *e)
{
	struct shadow s = { lint, binary, "", 0 };
	sigset_t signals, old;
	bool ok;

	/* A signal waits until everything is cleared away. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &old);
	ok = dir_make(&s, e) && shadow_start(&s, e) && shadow_judge(&s, deadline, boot, f, e);
	shadow_stop(&s);
	dir_remove(&s);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ok;
}
