/* SPDX-License-Identifier: ISC */
/* step.c: see step.h. */
#include "step.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 64

/* A traced process, and what its present system call gets when it returns. */
struct tracee {
	pid_t pid;
	bool fails;
	int error;
	struct step_call call;
};

struct tracer {
	struct tracee list[PROCESSES];
	size_t n;
};

static void
die(const char *what)
{
	perror(what);
	exit(70);
}

/* nowhere makes descriptor `fd` of this child /dev/null. */
static void
nowhere(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, fd) < 0)
		_exit(126);
	close(null);
}

/* child becomes the program; traced where `traced`. */
static void
child(char *const argv[], bool traced)
{
	nowhere(1);
	if (getenv("FAULTS_LOUD") == NULL)
		nowhere(2);
	if (traced && (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || raise(SIGSTOP) != 0))
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

static int
code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
step_plain(char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		child(argv, false);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid");
	}
	return code_of(status);
}

/* tracee_of finds a process, or takes it up. */
static struct tracee *
tracee_of(struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].pid == pid)
			return &t->list[i];
	}
	if (t->n == PROCESSES) {
		fprintf(stderr, "step: too many processes\n");
		exit(70);
	}
	t->list[t->n] = (struct tracee){ .pid = pid };
	return &t->list[t->n++];
}

static void
tracee_forget(struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].pid == pid)
			t->list[i] = t->list[--t->n];
	}
}

/* regs reads or writes the general registers. */
static void
regs(bool set, pid_t pid, struct user_regs_struct *r)
{
	struct iovec v = { r, sizeof(*r) };

	ptrace(set ? PTRACE_SETREGSET : PTRACE_GETREGSET, pid, NT_PRSTATUS, &v);
}

/* call_skip lets the kernel do nothing at the call that is being entered. */
static void
call_skip(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct r = { 0 };

	regs(false, pid, &r);
	r.orig_rax = (unsigned long)-1;
	regs(true, pid, &r);
#else
	int nr = -1;
	struct iovec v = { &nr, sizeof(nr) };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
#endif
}

/* register_set sets the result (0) or the third argument (3) of a call. */
static void
register_set(pid_t pid, int which, unsigned long value)
{
	struct user_regs_struct r = { 0 };

	regs(false, pid, &r);
#if defined(__x86_64__)
	*(which == 0 ? &r.rax : &r.rdx) = value;
#else
	r.regs[which == 0 ? 0 : 2] = value;
#endif
	regs(true, pid, &r);
}

/* can_be_short: a read or a write of more than one byte. */
static bool
can_be_short(const struct step_call *call)
{
	return (call->nr == SYS_read || call->nr == SYS_write) && call->arg[2] > 1;
}

/* entered: a call begins. True where all is to be killed. */
static bool
entered(struct tracee *p, const struct step_plan *plan, struct step_result *result)
{
	bool now = ++result->calls == plan->at;

	if (now && plan->fault == STEP_KILL)
		return result->hit = true;
	if (now && plan->fault == STEP_ERROR && p->call.nr != SYS_exit_group &&
	    p->call.nr != SYS_exit && p->call.nr != SYS_rt_sigreturn) {
		call_skip(p->pid);
		p->fails = result->hit = true;
		p->error = plan->error;
	}
	if (plan->fault == STEP_SHORT && (now || plan->at == 0) && can_be_short(&p->call)) {
		register_set(p->pid, 3, 1);
		result->hit = true;
	}
	return false;
}

/* stopped: a process is at a system call. True where all is to be killed. */
static bool
stopped(struct tracee *p, const struct step_plan *plan, step_hook *hook, void *data,
        struct step_result *result)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) <= 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		p->call.pid = p->pid;
		p->call.nr = (long)info.entry.nr;
		for (int i = 0; i < 6; i++)
			p->call.arg[i] = info.entry.args[i];
		return entered(p, plan, result);
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT)
		return false;
	if (p->fails)
		register_set(p->pid, 0, (unsigned long)-(long)p->error);
	p->call.result = p->fails ? -p->error : (long)info.exit.rval;
	p->fails = false;
	if (hook != NULL)
		hook(data, &p->call);
	return false;
}

/* all_killed: nothing of the tree gets to do anything more. */
static void
all_killed(struct tracer *t)
{
	for (size_t i = 0; i < t->n; i++)
		kill(t->list[i].pid, SIGKILL);
}

/* signal_of is the signal to hand on to a process that stopped for it. */
static int
signal_of(int status)
{
	int sig = WSTOPSIG(status) & 0x7f;

	return (status >> 16) != 0 || sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

struct step_result
step_run(char *const argv[], const struct step_plan *plan, step_hook *hook, void *data)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK |
	                     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	struct step_result result = { 0 };
	struct tracer t = { .n = 0 };
	bool executed = false;
	pid_t first = fork(), pid;
	int status;

	if (first < 0)
		die("fork");
	if (first == 0)
		child(argv, true);
	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, first, 0, options) != 0)
		die("ptrace");
	tracee_of(&t, first);
	ptrace(PTRACE_SYSCALL, first, 0, 0);
	while (t.n > 0 && (pid = waitpid(-1, &status, __WALL)) > 0) {
		struct tracee *p;

		if (!WIFSTOPPED(status)) {
			if (pid == first)
				result.code = code_of(status);
			tracee_forget(&t, pid);
			continue;
		}
		p = tracee_of(&t, pid);
		executed = executed || status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
		if (executed && WSTOPSIG(status) == (SIGTRAP | 0x80) &&
		    stopped(p, plan, hook, data, &result))
			all_killed(&t);
		else
			ptrace(PTRACE_SYSCALL, pid, 0, (long)signal_of(status));
	}
	return result;
}
