/* SPDX-License-Identifier: ISC */
/*
 * step.h: runs a program under ptrace(2), counts the system calls of its whole process tree, and at
 * the n-th does to it what the world might: kills all of it, lets the call fail, cuts it short.
 * For tests; x86-64 and AArch64.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum step_fault { STEP_NONE, STEP_KILL, STEP_ERROR, STEP_SHORT };

/* What happens at the `at`-th system call, 1 being the first after the program's execve. */
struct step_plan {
	enum step_fault fault;
	long at;   /* STEP_SHORT: 0 is every read and write */
	int error; /* STEP_ERROR: an errno */
};

/* A system call that has returned. */
struct step_call {
	pid_t pid; /* stopped meanwhile */
	long nr;
	unsigned long arg[6];
	long result;
};

/* A hook sees every call as it returns. */
typedef void step_hook(void *data, const struct step_call *call);

struct step_result {
	long calls; /* system calls seen */
	int code;   /* exit status, or 128 and the signal */
	bool hit;   /* the fault was done */
};

/*
 * step_run runs argv (a path first) with stdout and stderr going nowhere, and returns what became
 * of it. `hook` may be NULL. Ends the program of the test where ptrace does not work.
 */
struct step_result step_run(char *const argv[], const struct step_plan *plan, step_hook *hook,
                            void *data);

/* step_plain runs argv without any of that, and returns its exit status, or 128 and the signal. */
int step_plain(char *const argv[]);
