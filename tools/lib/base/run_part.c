/* SPDX-License-Identifier: ISC */
/* run_part.c: parts of this program as children: one, or several at once under one deadline. */
#include "clock.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* child_run is the child; it does not outlive its parent. */
static _Noreturn void
child_run(int (*part)(const void *), const void *arg, int out, pid_t parent)
{
	int code = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0)
		_exit(EX_OSERR);
	code = part(arg);
	_exit(fflush(stdout) == 0 ? code : EX_IOERR);
}

/* part_start begins one; its `e` says so where that is not possible. */
static void
part_start(int (*part)(const void *), struct tw_part *p)
{
	pid_t parent = getpid();
	int ends[2];

	p->fd = p->pid = -1;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		tw_fail_errno(&p->e, EX_OSERR, "pipe");
		return;
	}
	fflush(NULL); /* or the child says it again */
	p->pid = fork();
	if (p->pid == 0)
		child_run(part, p->arg, ends[1], parent);
	close(ends[1]);
	if (p->pid < 0) {
		close(ends[0]);
		tw_fail_errno(&p->e, EX_OSERR, "fork");
		return;
	}
	p->fd = ends[0];
}

/* part_read takes what one says; at its end, or an error, its descriptor is closed. */
static void
part_read(struct tw_part *p, const char *name)
{
	char chunk[4096];
	ssize_t n = read(p->fd, chunk, sizeof(chunk));

	if ((n > 0 && tw_buf_add(&p->out, chunk, (size_t)n, &p->e)) || (n < 0 && errno == EINTR))
		return;
	if (n < 0)
		tw_fail_errno(&p->e, EX_IOERR, "read from '%s'", name);
	close(p->fd);
	p->fd = -1;
}

/* parts_read takes what all say, until the last has closed its output, or the deadline. */
static void
parts_read(struct tw_part *parts, size_t n, const char *name, long long deadline)
{
	for (;;) {
		struct pollfd p[TW_PARTS_MAX];
		long long left = deadline - tw_clock_ms();
		nfds_t open = 0;

		for (size_t i = 0; i < n; i++) {
			p[i] = (struct pollfd){ .fd = parts[i].fd, .events = POLLIN };
			open += parts[i].fd >= 0;
		}
		if (open == 0 || left <= 0)
			return;
		if (poll(p, n, (int)left) <= 0)
			continue; /* EINTR, or the deadline */
		for (size_t i = 0; i < n; i++) {
			if (p[i].revents != 0)
				part_read(&parts[i], name);
		}
	}
}

/*
 * part_end takes its status. One that has not ended in time is killed; one that not even that ends
 * (it waits for a disk) is left behind: it ends with us.
 */
static void
part_end(struct tw_part *p, const char *name, long long deadline)
{
	bool killed = false;
	int code;

	if (p->pid < 0)
		return;
	for (;;) {
		pid_t ended = waitpid(p->pid, &code, WNOHANG);

		if (ended == p->pid && !killed)
			p->status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
		if (ended < 0 && errno != EINTR)
			tw_fail_errno(&p->e, EX_OSERR, "wait for '%s'", name);
		if (ended == p->pid || p->e.exit == EX_OSERR)
			break;
		if (tw_clock_ms() >= deadline + (killed ? 20 : 0)) {
			if (killed)
				break;
			kill(p->pid, SIGKILL);
			killed = true;
		}
		poll(NULL, 0, 1);
	}
	if (killed)
		tw_fail(&p->e, EX_TEMPFAIL, "'%s' did not end in time", name);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = p->pid = -1;
}

void
tw_run_parts(int (*part)(const void *), struct tw_part *parts, size_t n, const char *name,
             long long ms)
{
	long long deadline = tw_clock_ms() + ms;

	for (size_t i = 0; i < n; i++)
		part_start(part, &parts[i]);
	parts_read(parts, n, name, deadline);
	for (size_t i = 0; i < n; i++)
		part_end(&parts[i], name, deadline);
}

void
tw_parts_free(struct tw_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tw_buf_free(&parts[i].out);
}

bool
tw_run_part(int (*part)(const void *), const void *arg, const char *name, int seconds,
            struct tw_buf *out, int *status, struct tw_err *e)
{
	struct tw_part one = { .arg = arg };
	bool ok;

	tw_run_parts(part, &one, 1, name, seconds * 1000LL);
	ok = one.e.exit == 0;
	if (ok && one.out.len > 0)
		ok = tw_buf_add(out, one.out.data, one.out.len, e);
	else if (!ok)
		*e = one.e;
	if (ok)
		*status = one.status;
	tw_buf_free(&one.out);
	return ok;
}
