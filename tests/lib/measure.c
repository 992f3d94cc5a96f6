/* SPDX-License-Identifier: ISC */
/*
 * measure: runs commands one after the other, separated by ":::", with their output thrown away, and
 * prints what they took together: wall clock and CPU in us, the largest resident memory in KiB, and
 * the worst exit code. For tests/bench; small, since a child's peak begins with its parent's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long long
of(struct timeval t)
{
	return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int
main(int argc, char **argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), worst = 0;
	long long start = now_us(), cpu = 0;
	long peak = 0;

	if (argc < 2 || null < 0)
		return 64;
	for (char **command = argv + 1; *command != NULL;) {
		char **end = command;
		struct rusage used;
		int status;
		pid_t pid;

		while (*end != NULL && strcmp(*end, ":::") != 0)
			end++;
		if (*end != NULL)
			*end++ = NULL;
		pid = vfork();
		if (pid == 0) {
			dup2(null, STDIN_FILENO);
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
			execvp(command[0], command);
			_exit(127);
		}
		if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
			return 71;
		cpu += of(used.ru_utime) + of(used.ru_stime);
		peak = used.ru_maxrss > peak ? used.ru_maxrss : peak;
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		worst = status > worst ? status : worst;
		command = end;
	}
	printf("%lld %lld %ld %d\n", now_us() - start, cpu, peak, worst);
	return 0;
}
