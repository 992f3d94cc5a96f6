/* SPDX-License-Identifier: ISC */
/* twpool-check: asks a pooler and its host, judges, and says so as a monitoring plugin does. */
#include "check/asking.h"
#include "check/report.h"
#include "check_remember.h"
#include "program.h"

#include <math.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static const char name[] = "twpool-check";

#define SITE_DEFAULT "/etc/twpool/site.json"

struct options {
	const char *dsn, *postgres, *site, *db, *format, *remember;
	struct tw_list logins, warnings, criticals, only, pools;
	double timeout, freeze_after, watch;
	bool quiet;
	int verbose;
};

/* whom_set finds out whom to ask. */
static bool
whom_set(const struct options *o, struct tw_asking *a, struct tw_err *e)
{
	const char *site = o->site;
	struct tw_sampler *s = &a->sampler;
	bool ok = (o->dsn == NULL || tw_asking_dsn(o->dsn, name, &s->console, e)) &&
	          (o->postgres == NULL || tw_asking_dsn(o->postgres, name, &s->postgres, e));

	if (!ok)
		return false;
	if (site == NULL && o->dsn == NULL) {
		if (access(SITE_DEFAULT, F_OK) != 0) {
			tw_fail(e, EX_USAGE,
			        "neither --dsn nor --site, and there is no " SITE_DEFAULT);
			return tw_hint(e, "%s --help lists all options.", name);
		}
		site = SITE_DEFAULT;
	}
	return site == NULL || tw_asking_site(a, site, name, e);
}

/* questions_set turns the options into questions and thresholds. */
static bool
questions_set(const struct options *o, struct tw_asking *a, struct tw_thresholds *t,
              tw_check_set *set, struct tw_err *e)
{
	bool ok = true;

	a->timeout = (tw_ms)(o->timeout * 1000);
	a->watch = (tw_ms)(o->watch * 1000);
	a->freeze_us = (long long)(o->freeze_after * 1e6);
	for (size_t i = 0; ok && i < o->warnings.n; i++)
		ok = tw_thresholds_set(t, false, o->warnings.item[i], e);
	for (size_t i = 0; ok && i < o->criticals.n; i++)
		ok = tw_thresholds_set(t, true, o->criticals.item[i], e);
	for (size_t i = 0; ok && i < o->only.n; i++)
		ok = tw_check_set_add(set, o->only.item[i], e);
	for (size_t i = 0; ok && i < o->logins.n; i++)
		ok = tw_asking_login(a, o->logins.item[i], o->db, name, e) ||
		     tw_context(e, "--login");
	for (size_t i = 0; ok && i < o->pools.n; i++)
		ok = tw_asking_pool(a, o->pools.item[i], o->db, e) || tw_context(e, "--pool");
	if (ok && o->timeout < 0.05)
		ok = tw_fail(e, EX_USAGE, "--timeout: expected 0.05 seconds or more");
	if (o->only.n == 0)
		*set = (1U << TW_CHECKS) - 1;
	if (ok && (*set & 1U << TW_CHECK_LOGIN) == 0)
		a->clients = 0;
	return ok && whom_set(o, a, e);
}

/* give_up is the last way out: from within libpq, which keeps no deadline while it looks up a name
 * or works on a password that a hostile server wants hashed two billion times. */
static void
give_up(int signal)
{
	static const char text[] = "TWPOOL UNKNOWN: no verdict in time: looking up a name, or a "
				   "login, does not end\n";

	(void)signal;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(TW_STATUS_UNKNOWN); /* nobody listens */
	_exit(TW_STATUS_UNKNOWN);
}

/* give_up_after arms it: 0.15 s after the time that everything may take together. */
static void
give_up_after(double seconds)
{
	double whole = floor(seconds + 0.15);
	struct itimerval at = { .it_value = { (time_t)whole,
		                              (suseconds_t)((seconds + 0.15 - whole) * 1e6) } };

	signal(SIGALRM, give_up);
	setitimer(ITIMER_REAL, &at, NULL);
}

/* check asks, judges and appends the report to `out`; whatever fails on the way is UNKNOWN. */
static int
check(const struct options *o, enum tw_format format, struct tw_buf *out, struct tw_err *e)
{
	struct tw_asking asking = TW_ASKING_INIT;
	struct tw_facts facts = TW_FACTS_INIT;
	struct tw_verdict verdict = TW_VERDICT_INIT;
	struct tw_thresholds thresholds = { 0 };
	struct tw_report report = { &asking, &facts, &verdict, name, format, o->verbose > 0 };
	tw_check_set set = 0;
	int code = TW_STATUS_UNKNOWN;
	bool ok;

	tw_thresholds_default(&thresholds);
	ok = questions_set(o, &asking, &thresholds, &set, e) &&
	     (o->only.n == 0 || tw_check_possible(set, &asking, e));
	tw_check_questions(set, &asking);
	give_up_after(o->timeout + o->watch);
	ok = ok && tw_facts_ask(&asking, &facts, e) &&
	     tw_check_judge(set, &asking, &facts, &thresholds, &verdict, e) &&
	     tw_report_text(&report, out, e);
	if (ok)
		code = (int)tw_verdict_status(&verdict);
	else
		tw_report_error(e, name, format, out);
	tw_verdict_free(&verdict);
	tw_facts_free(&facts);
	tw_asking_free(&asking);
	return code;
}

/* check_anew is one check of its own for --remember, which prints it whatever it says. */
static int
check_anew(const void *options)
{
	const struct options *o = options;
	enum tw_format format = TW_FORMAT_NAGIOS;
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf out = TW_BUF_INIT;
	int code;

	tw_format_read(o->format, &format, &e);
	code = check(o, format, &out, &e);
	fputs(tw_buf_text(&out), stdout);
	tw_buf_free(&out);
	return code;
}

/* run_check makes the check and prints what it says. */
static int
run_check(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	enum tw_format format = TW_FORMAT_NAGIOS;
	struct tw_buf out = TW_BUF_INIT;
	int code = TW_STATUS_UNKNOWN;

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	if (!tw_format_read(o->format, &format, e) ||
	    (o->remember != NULL && o->watch > 0 &&
	     !tw_fail(e, EX_USAGE, "--remember does not go with --watch")))
		tw_report_error(e, name, format, &out);
	else if (o->remember != NULL)
		code = check_remember(&(struct check_remember){
		    o->remember, name, format, (int)ceil(o->timeout) + 2, check_anew, o });
	else
		code = check(o, format, &out, e);
	if (!o->quiet || code != TW_STATUS_OK)
		fputs(tw_buf_text(&out), stdout);
	tw_buf_free(&out);
	return code;
}

#define OPT(word, ch, kind, what, text, field)                                       \
	{                                                                            \
		.name = word, .letter = ch, .type = kind, .arg = what, .help = text, \
		.offset = offsetof(struct options, field)                            \
	}
#define STRING(word, what, text, field) OPT(word, 0, TW_OPT_STRING, what, text, field)
#define LIST(word, ch, what, text, field) OPT(word, ch, TW_OPT_LIST, what, text, field)
#define SECONDS(word, ch, most, text, field)                                                       \
	{                                                                                          \
		.name = word, .letter = ch, .type = TW_OPT_NUMBER, .arg = "SECONDS", .help = text, \
		.max = most, .offset = offsetof(struct options, field)                             \
	}

static const struct tw_opt opts[] = {
	STRING("dsn", "DSN", "the pooler's console; no password, or @FILE[#/pointer]", dsn),
	STRING("postgres", "DSN", "PostgreSQL behind it, for connections and the freeze", postgres),
	OPT("site", 's', TW_OPT_STRING, "FILE", "take both from this file (" SITE_DEFAULT ")",
	    site),
	LIST("login", 0, "DSN", "log in and run a transaction too, as a client would", logins),
	LIST("pool", 0, "DSN", "look at no pools but those that clients with these DSNs come to",
	     pools),
	STRING("db", "NAME", "what %DB% in a --login or --pool stands for", db),
	STRING("format", "FORMAT", "nagios or json (nagios)", format),
	LIST("warning", 'w', "METRIC=RANGE", "when a metric is a warning", warnings),
	LIST("critical", 'c', "METRIC=RANGE", "when a metric is critical", criticals),
	LIST("only", 0, "CHECK", "make this check, and no other that is not named", only),
	SECONDS("timeout", 't', 3600, "for all questions together (10)", timeout),
	SECONDS("freeze-after", 0, 86400, "longer than any transaction takes (15)", freeze_after),
	SECONDS("watch", 0, 86400, "watch for so long before judging, and report peaks", watch),
	STRING("remember", "FILE", "speak only of what is news since the run that wrote this file",
	       remember),
	OPT("verbose", 'v', TW_OPT_COUNT, NULL, "print one more line for each check", verbose),
	OPT("quiet", 'q', TW_OPT_FLAG, NULL, "print nothing when all is well", quiet),
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "", 0, 0, "ask, judge and report", opts, run_check },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-check", "judge a running pooler and its host, as a monitoring plugin does",
		commands
	};
	struct options o = { .format = "nagios", .timeout = 10, .freeze_after = TW_FREEZE_SECONDS };
	int code = program_main(&program, argc, argv, &o);

	/* A plugin has no other codes; its scheduler reads stdout. */
	if (code >= 0 && code <= TW_STATUS_UNKNOWN)
		return code;
	printf("TWPOOL UNKNOWN: wrong usage, or no output; see standard error\n");
	fflush(stdout);
	return TW_STATUS_UNKNOWN;
}
