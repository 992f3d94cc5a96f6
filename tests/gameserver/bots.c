/* SPDX-License-Identifier: ISC */
/* Bots for the sample game server: they log in, stay, and go on issuing commands. A validator
 * that counts logins only passes a frozen server; this one does not. */
#include "options.h"
#include "probe.h"
#include "swarm.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>

struct choices {
	struct swarm_plan plan;
	const char *host;
	int port;
	double min_success, probe;
	bool help, version;
};

static int
fail(const struct gs_err *e)
{
	fprintf(stderr, "bots: %s\n", e->msg);
	return e->exit;
}

/* raise_descriptors: a socket per bot, and the usual soft limit of 1024 is one too few. */
static void
raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool
complete(struct choices *c, struct gs_err *e)
{
	if (c->port == 0)
		return gs_fail(e, EX_USAGE, "--port is missing");
	if (strlen(c->plan.prefix) > 24)
		return gs_fail(e, EX_USAGE, "--prefix: more than 24 letters");
	c->plan.to.sin_family = AF_INET;
	c->plan.to.sin_port = htons((uint16_t)c->port);
	if (inet_pton(AF_INET, c->host, &c->plan.to.sin_addr) != 1)
		return gs_fail(e, EX_USAGE, "--host: \"%s\" is not an IPv4 address", c->host);
	return true;
}

/* report prints the result and returns the exit code. */
static int
report(struct tally *t, const struct choices *c)
{
	struct gs_err e;
	json_t *result = tally_json(t);
	json_dumpf(result, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(result);
	putchar('\n');
	if (fflush(stdout) != 0) {
		gs_fail(&e, EX_IOERR, "standard output: %m");
		return fail(&e);
	}
	if (t->reached == 0) {
		gs_fail(&e, EX_UNAVAILABLE, "%s:%d cannot be reached", c->host, c->port);
		return fail(&e);
	}
	return tally_good(t, c->min_success, c->plan.duration > 0) ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct choices c = { .host = "127.0.0.1",
		             .min_success = 0.99,
		             .plan = { .prefix = "bot",
		                       .bots = 10,
		                       .login_deadline = 30,
		                       .duration = 10,
		                       .think = 0.25,
		                       .deadline = 5 } };
	struct swarm_plan *p = &c.plan;
	const struct gs_option rows[] = {
		{ "port", GS_INT, &c.port, "PORT", "of the game server", 1, 65535 },
		{ "host", GS_TEXT, &c.host, "ADDRESS", "of the game server (127.0.0.1)", 0, 0 },
		{ "bots", GS_INT, &p->bots, "N", "how many (10)", 1, 100000 },
		{ "duration", GS_REAL, &p->duration, "SECONDS", "of play after the logins (10)", 0,
		  1e6 },
		{ "think", GS_REAL, &p->think, "SECONDS", "mean pause between commands (0.25)", 0,
		  1e6 },
		{ "deadline", GS_REAL, &p->deadline, "SECONDS", "for an answer (5)", 0.001, 1e6 },
		{ "login-deadline", GS_REAL, &p->login_deadline, "SECONDS", "for a login (30)",
		  0.001, 1e6 },
		{ "ramp", GS_REAL, &p->ramp, "SECONDS", "spread the logins over (0)", 0, 1e6 },
		{ "min-success", GS_REAL, &c.min_success, "RATE",
		  "of logins, answers and survivors (0.99)", 0, 1 },
		{ "probe", GS_REAL, &c.probe, "RATE",
		  "so many a second log in, ask once and leave; a line for each", 0.1, 1000 },
		{ "prefix", GS_TEXT, &p->prefix, "NAME", "of the players' names (bot)", 0, 0 },
		{ "quiet", GS_FLAG, &p->quiet, NULL, "no progress on standard error", 0, 0 },
		{ "help", GS_FLAG, &c.help, NULL, "this text", 0, 0 },
		{ "version", GS_FLAG, &c.version, NULL, "one line", 0, 0 },
	};
	const size_t n = sizeof rows / sizeof *rows;
	struct tally t = TALLY_INIT;
	struct gs_err e = GS_ERR_INIT;

	if (!gs_options_parse(argc, argv, rows, n, &e))
		return fail(&e);
	if (c.help)
		gs_options_help("bots --port PORT [OPTION]...", rows, n);
	if (c.version)
		puts("twpool sample bots 1");
	if (c.help || c.version)
		return 0;
	if (!complete(&c, &e))
		return fail(&e);

	raise_descriptors();
	p->signals = block_signals();
	if (c.probe > 0) {
		probe_run(p, c.probe);
		return 0;
	}
	int code = swarm_run(p, &t, &e) ? report(&t, &c) : fail(&e);
	tally_free(&t);
	return code;
}
