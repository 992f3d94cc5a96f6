/* SPDX-License-Identifier: ISC */
/* program.c: where the programs meet the terminal. The library below never prints. */
#include "base/file.h"
#include "base/scrub.h"
#include "base/version.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* std_fds_open fills closed descriptors 0-2, so that no file of the host can become one of them. */
static bool
std_fds_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * secrets_guard keeps what this process knows out of core dumps (also of those that go into a pipe,
 * which the limit does not stop: core(5)), and out of reach of the same user's other processes (prctl(2),
 * PR_SET_DUMPABLE: ptrace, /proc/PID/mem). A program that is started from here is dumpable again.
 */
static void
secrets_guard(void)
{
	static const struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* program_error prints what failed and what to do about it: words that may be a server's or a file's. */
static void
program_error(const struct tw_program *program, struct tw_err *e)
{
	tw_scrub_text(e->msg, sizeof(e->msg));
	tw_scrub_text(e->hint, sizeof(e->hint));
	fprintf(stderr, "%s: %s\n", program->name, e->msg);
	if (e->hint[0] != '\0')
		fprintf(stderr, "HINT: %s\n", e->hint);
}

bool
program_print(json_t *report, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	bool ok = report != NULL ? tw_json_text(report, &b, e)
	                         : tw_fail(e, EX_OSERR, "out of memory");

	if (ok)
		fputs(tw_buf_text(&b), stdout);
	tw_buf_free(&b);
	json_decref(report);
	return ok;
}

bool
program_write(const char *path, const struct tw_buf *b, struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0644, .uid = geteuid(), .gid = getegid() };

	return tw_file_replace(path, b->data, b->len, &attr, e);
}

/* signals_set is the two that end a run. */
static sigset_t
signals_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

int
program_signals(struct tw_err *e)
{
	const sigset_t set = signals_set();
	int fd;

	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		tw_fail_errno(e, EX_OSERR, "signalfd");
	return fd;
}

void
program_signals_end(int fd)
{
	const sigset_t set = signals_set();
	struct signalfd_siginfo seen;

	while (read(fd, &seen, sizeof(seen)) > 0)
		;
	close(fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int
program_main(const struct tw_program *program, int argc, char **argv, void *options)
{
	struct tw_err e = TW_ERR_INIT;
	const struct tw_command *command = NULL;
	int first = 0, code = 0;

	secrets_guard();
	if (!std_fds_open())
		return EX_OSERR;
	umask(077);
	signal(SIGPIPE, SIG_IGN); /* these two become errors of write(2) */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* who ignores it, and starts us, would have us lose exit codes */
	setlocale(LC_ALL, "C");
	switch (tw_opt_parse(program, argc, argv, options, &command, &first, &e)) {
	case TW_OPT_HELP:
		tw_opt_help(program, stdout);
		break;
	case TW_OPT_VERSION:
		printf("%s (twpool) %s\n", program->name, TW_VERSION);
		break;
	case TW_OPT_ERROR:
		code = e.exit;
		break;
	case TW_OPT_RUN:
		code = command->run(options, argc - first, argv + first, &e);
		break;
	}
	if (e.msg[0] != '\0')
		program_error(program, &e);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s: write to standard output: %s\n", program->name,
		        strerror(errno));
		return code == 0 ? EX_IOERR : code;
	}
	return code;
}
