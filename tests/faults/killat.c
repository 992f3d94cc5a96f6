/* SPDX-License-Identifier: ISC */
/*
 * killat: a command, killed with all that descends from it, at its n-th point: each fork, exec and
 * exit of any process of the tree is one. What has left the tree by then, as a daemon does, lives
 * on.
 *
 * usage: killat N FILE COMMAND...
 *
 * FILE gets one line: "killed N WHAT", or "ended POINTS CODE" where there were fewer (0: never
 * killed). Exit: that of the command, or 137 where it was killed; 64 usage, 70 no ptrace.
 */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *told;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(70);
}

/* tell writes the line of the result. */
static void __attribute__((format(printf, 1, 2))) tell(const char *fmt, ...)
{
	FILE *f = fopen(told, "we");
	va_list args;

	if (f == NULL)
		die(told);
	va_start(args, fmt);
	vfprintf(f, fmt, args);
	va_end(args);
	if (fclose(f) != 0)
		die(told);
}

/* status_of is a field of a process in proc(5): PPid, Name; "" where there is none. */
static const char *
status_of(pid_t pid, const char *field)
{
	static char line[256];
	char path[64];
	const size_t n = strlen(field);
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (!found && f != NULL && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, field, n) == 0 && line[n] == ':';
	if (f != NULL)
		fclose(f);
	if (!found)
		return "";
	line[strcspn(line, "\n")] = 0;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

/* descends tells whether a process has `first` among its ancestors, or is it. */
static bool
descends(pid_t pid, pid_t first)
{
	while (pid > 1 && pid != first)
		pid = (pid_t)atoi(status_of(pid, "PPid"));
	return pid == first;
}

/* go_on lets a stopped process run, with the signal that it has stopped for. */
static void
go_on(pid_t pid, int status)
{
	const int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	else
		ptrace(PTRACE_CONT, pid, 0, (long)(event != 0 ? 0 : sig));
}

/*
 * doom kills each process that we trace, but for those of `spared`, by process id, and their
 * children; with `mark` it kills none, and adds those that have left the tree of `first` to them.
 * False where there was none to kill.
 */
static bool
doom(pid_t first, bool mark, char *spared)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool any = false;

	if (proc == NULL)
		die("/proc");
	while ((entry = readdir(proc)) != NULL) {
		const pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid <= 0 || spared[pid] != 0 || atoi(status_of(pid, "TracerPid")) != getpid() ||
		    *status_of(pid, "State") == 'Z')
			continue;
		if (mark ? !descends(pid, first) : spared[atoi(status_of(pid, "PPid"))] != 0) {
			spared[pid] = 1;
		} else if (!mark) {
			any = kill(pid, SIGKILL) == 0 || any;
			/* One that stands at its exit is not woken by a signal. */
			ptrace(PTRACE_CONT, pid, 0, 0);
		}
	}
	closedir(proc);
	return any;
}

/*
 * all_killed: nothing of the tree gets to do anything more, not even a child of whose birth we have
 * not heard yet; returns when all of it is gone. Daemons are none of ours from now on.
 */
static void
all_killed(pid_t first)
{
	char *spared = calloc(1 << 22, 1); /* PID_MAX_LIMIT of Linux */

	if (spared == NULL)
		die("calloc");
	doom(first, true, spared);
	while (doom(first, false, spared)) {
		int status;
		pid_t pid;

		/* Who is killed stops once more, at its exit. */
		while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
			if (WIFSTOPPED(status) &&
			    (spared[pid] != 0 || status >> 16 == PTRACE_EVENT_EXIT))
				go_on(pid, status);
		}
	}
	free(spared);
}

/* point_name: what a ptrace event is, or NULL where it is no point. */
static const char *
point_name(int event)
{
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		return "fork";
	case PTRACE_EVENT_EXEC:
		return "exec";
	case PTRACE_EVENT_EXIT:
		return "exit";
	default:
		return NULL;
	}
}

/* child waits until it is traced, and becomes the command. */
static pid_t
child(char *const argv[])
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	                     PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready) != 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			_exit(126);
		close(ready[0]);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(ready[0]);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) != 0)
		die("ptrace");
	if (write(ready[1], "", 1) != 1)
		die("write");
	close(ready[1]);
	return pid;
}

int
main(int argc, char *argv[])
{
	long at, points = 0;
	int status;
	pid_t first, pid;

	if (argc < 4 || (at = atol(argv[1])) < 0) {
		fprintf(stderr, "usage: killat N FILE COMMAND...\n");
		return 64;
	}
	told = argv[2];
	first = child(argv + 3);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		const char *name;

		if (!WIFSTOPPED(status)) {
			if (pid != first)
				continue;
			status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			tell("ended %ld %d\n", points, status);
			return status;
		}
		name = point_name(status >> 16);
		if (name != NULL && ++points == at) {
			tell("killed %ld %s of %s\n", points, name, status_of(pid, "Name"));
			all_killed(first);
			return 128 + SIGKILL;
		}
		go_on(pid, status);
	}
	die("waitpid");
}
