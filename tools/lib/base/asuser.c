/* SPDX-License-Identifier: ISC */
/* asuser.c: fork, give up root, and hand an error or a result back over a pipe. */
#include "asuser.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool
tw_become(const char *name, struct tw_err *e)
{
	struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		tw_fail(e, EX_CONFIG, "there is no OS user '%s'", name);
		return tw_hint(e, "postgres.superuser must be the OS user that PostgreSQL's peer "
		                  "authentication lets in.");
	}
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0 ||
	    setenv("HOME", pw->pw_dir, 1) != 0)
		return tw_fail_errno(e, EX_OSERR, "become the user '%s'", name);
	return true;
}

/* write_all writes n bytes; false where the reader has gone. */
static bool
write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
	}
	return true;
}

/* child_run is the child's whole life: writes the error (exit 0: none), then the result. */
static void
child_run(const char *name, tw_as_user_fn fn, const void *arg, int fd)
{
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf out = TW_BUF_INIT;
	bool ok = tw_become(name, &e) && fn(arg, &out, &e);

	ok = write_all(fd, &e, sizeof(e)) && (!ok || write_all(fd, out.data, out.len));
	tw_buf_free(&out);
	_exit(ok ? 0 : 1); /* not exit(): stdio's buffers are the parent's */
}

/* pipe_read appends everything until the child closes its end. */
static bool
pipe_read(int fd, tw_ms deadline, struct tw_buf *b, struct tw_err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char part[4096];
	ssize_t n = 1;
	bool ok = true;

	while (ok && n != 0) {
		tw_ms left = deadline - tw_pg_now();
		int ready = left > 0 ? poll(&p, 1, left > 60000 ? 60000 : (int)left) : 0;

		if (left <= 0)
			ok = tw_fail(e, EX_UNAVAILABLE,
			             "the helper process did not answer in time");
		if (ready > 0 && (n = read(fd, part, sizeof(part))) > 0)
			ok = tw_buf_add(b, part, (size_t)n, e);
	}
	explicit_bzero(part, sizeof(part));
	return ok;
}

/* answer_read takes the answer apart. */
static bool
answer_read(const struct tw_buf *answer, struct tw_buf *out, struct tw_err *e)
{
	struct tw_err child;

	if (answer->len < sizeof(child))
		return tw_fail(e, EX_SOFTWARE, "the helper process died");
	memcpy(&child, answer->data, sizeof(child));
	if (child.exit != 0) {
		*e = child;
		return false;
	}
	return tw_buf_add(out, answer->data + sizeof(child), answer->len - sizeof(child), e);
}

bool
tw_as_user(const char *name, tw_as_user_fn fn, const void *arg, tw_ms deadline, struct tw_buf *out,
           struct tw_err *e)
{
	struct tw_buf answer = TW_BUF_INIT;
	int ends[2];
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return tw_fail_errno(e, EX_OSERR, "pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child_run(name, fn, arg, ends[1]);
	}
	close(ends[1]);
	ok = pid > 0 ? pipe_read(ends[0], deadline, &answer, e)
	             : tw_fail_errno(e, EX_OSERR, "fork");
	close(ends[0]);
	if (pid > 0) {
		kill(pid, SIGKILL); /* it has said everything, or is late */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	ok = ok && answer_read(&answer, out, e);
	tw_buf_free(&answer);
	return ok;
}
