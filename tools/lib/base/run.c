/* SPDX-License-Identifier: ISC */
/* run.c: a child, a pipe, and a clock that nobody sets. */
#include "clock.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* spawn starts the program with `out` as its stdout; 0 or an errno. */
static int
spawn(const char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe_only;
	int error;

	sigemptyset(&none);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE); /* ours is ignored, and that would be inherited */
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawnp(pid, argv[0], &files, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* late records that the program took too long; always false. */
static bool
late(const char *name, struct tw_err *e)
{
	return tw_fail(e, EX_TEMPFAIL, "'%s' did not end in time", name);
}

/* read_until appends all that comes out of `fd`, until its end or the deadline. */
static bool
read_until(int fd, long long deadline, const char *name, struct tw_buf *out, struct tw_err *e)
{
	char chunk[4096];

	for (;;) {
		long long left = deadline - tw_clock_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (left <= 0)
			return late(name, e);
		if (poll(&p, 1, (int)left) <= 0)
			continue; /* EINTR, or the deadline */
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return tw_fail_errno(e, EX_IOERR, "read from '%s'", name);
		if (n > 0 && !tw_buf_add(out, chunk, (size_t)n, e))
			return false;
	}
}

/* wait_until waits for the end of a program that has closed its output: milliseconds, mostly. */
static bool
wait_until(pid_t pid, long long deadline, const char *name, int *status, struct tw_err *e)
{
	for (;;) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid)
			return true;
		if (ended < 0 && errno != EINTR)
			return tw_fail_errno(e, EX_OSERR, "wait for '%s'", name);
		if (tw_clock_ms() >= deadline)
			return late(name, e);
		poll(NULL, 0, 2);
	}
}

/* collect takes a child's output and status; one that does not end in time is killed. */
static bool
collect(pid_t pid, int fd, long long deadline, const char *name, struct tw_buf *out, int *status,
        struct tw_err *e)
{
	int code;
	bool ok = read_until(fd, deadline, name, out, e) &&
	          wait_until(pid, deadline, name, &code, e);

	close(fd);
	if (!ok) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
			;
		return false;
	}
	*status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
	return true;
}

bool
tw_run(const char *const argv[], int seconds, struct tw_buf *out, int *status, struct tw_err *e)
{
	long long deadline = tw_clock_ms() + seconds * 1000LL;
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return tw_fail_errno(e, EX_OSERR, "pipe");
	error = spawn(argv, ends[1], &pid);
	close(ends[1]);
	if (error != 0) {
		close(ends[0]);
		return tw_fail(e, EX_UNAVAILABLE, "cannot run '%s': %s", argv[0], strerror(error));
	}
	return collect(pid, ends[0], deadline, argv[0], out, status, e);
}
