/* SPDX-License-Identifier: ISC */
/* twpool-check: asks a pooler and its host, judges, and says so as a monitoring plugin does. */
#include "lib/report.h"
#include "program.h"

#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char name[] = "twpool-check";

#define SITE_DEFAULT "/etc/twpool/site.json"

/* The OS user, PgBouncer's stats user, that may ask the console of a deployed pooler by peer. */
#define STATS_USER "twpool-check"

struct options {
	const char *dsn, *postgres, *site, *db, *format;
	struct tw_list logins, warnings, criticals, only, pools;
	double timeout, freeze_after, watch;
	bool quiet;
	int verbose;
};

/* caller_is_stats_user tells whether we run as the OS user whom the console lets in as itself. */
static bool
caller_is_stats_user(void)
{
	const struct passwd *pw = geteuid() != 0 ? getpwuid(geteuid()) : NULL;

	return pw != NULL && strcmp(pw->pw_name, STATS_USER) == 0;
}

/* expected_set makes a list of all pools that the users of a site may bring about. */
static bool
expected_set(struct tw_asking *a, const struct tw_site *site, struct tw_err *e)
{
	const json_t *databases = tw_site_at(site, "databases", e);
	const json_t *users = tw_site_at(site, "users", e), *database, *user;
	size_t i, j;

	if (databases == NULL || users == NULL)
		return false;
	if (a->sampler.only_n > 0)
		return true;
	a->expected = calloc(json_array_size(databases) * json_array_size(users) + 1,
	                     sizeof(*a->expected));
	if (a->expected == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	json_array_foreach (databases, i, database) {
		json_array_foreach (users, j, user) {
			struct tw_pool_name *pool = &a->expected[a->expected_n++];

			snprintf(pool->database, sizeof(pool->database), "%s",
			         json_string_value(json_object_get(database, "name")));
			snprintf(pool->user, sizeof(pool->user), "%s",
			         json_string_value(json_object_get(user, "name")));
		}
	}
	return true;
}

/* site_set takes from a site what the command line does not give itself. */
static bool
site_set(struct tw_asking *a, const char *path, struct tw_err *e)
{
	struct tw_site site = TW_SITE_INIT;
	const char *root = getenv("TWPOOL_ROOT");
	bool ok = (!caller_is_stats_user() ||
	           tw_pg_params_default(&a->sampler.console, "user", STATS_USER, e)) &&
	          tw_site_load(path, &site, e) &&
	          tw_sampler_site(&a->sampler, &site, root != NULL ? root : "", name, e) &&
	          expected_set(a, &site, e);

	tw_site_free(&site);
	return ok;
}

/* whom_set finds out whom to ask. */
static bool
whom_set(const struct options *o, struct tw_asking *a, struct tw_err *e)
{
	const char *site = o->site;
	struct tw_sampler *s = &a->sampler;
	bool ok = (o->dsn == NULL ||
	           (tw_pg_dsn_read(o->dsn, NULL, &s->console, e) &&
	            tw_pg_params_default(&s->console, "fallback_application_name", name, e))) &&
	          (o->postgres == NULL ||
	           (tw_pg_dsn_read(o->postgres, NULL, &s->postgres, e) &&
	            tw_pg_params_default(&s->postgres, "fallback_application_name", name, e)));

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
	return site == NULL || site_set(a, site, e);
}

/* client_set reads one --login. */
static bool
client_set(const char *dsn, const char *db, struct tw_client *c, struct tw_err *e)
{
	const char *user, *database;

	if (!tw_pg_dsn_read(dsn, db, &c->params, e) ||
	    !tw_pg_params_default(&c->params, "fallback_application_name", name, e))
		return false;
	user = tw_pg_params_get(&c->params, "user");
	database = tw_pg_params_get(&c->params, "dbname");
	user = user != NULL ? user : "(default)";
	snprintf(c->user, sizeof(c->user), "%s", user);
	snprintf(c->database, sizeof(c->database), "%s", database != NULL ? database : user);
	return true;
}

/* pool_set reads one --pool: the pool that a client with this DSN comes to. */
static bool
pool_set(const char *dsn, const char *db, struct tw_pool_name *pool, struct tw_err *e)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	bool ok = tw_pg_dsn_read(dsn, db, &p, e);
	const char *user = tw_pg_params_get(&p, "user"), *database = tw_pg_params_get(&p, "dbname");

	database = database != NULL ? database : user;
	if (ok && database == NULL)
		ok = tw_fail(e, EX_USAGE, "the DSN names neither a database nor a user");
	if (ok && database != NULL) {
		snprintf(pool->database, sizeof(pool->database), "%s", database);
		snprintf(pool->user, sizeof(pool->user), "%s", user != NULL ? user : "");
	}
	tw_pg_params_free(&p);
	return ok;
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
		ok = client_set(o->logins.item[i], o->db, &a->client[a->clients++], e) ||
		     tw_context(e, "--login");
	for (size_t i = 0; ok && i < o->pools.n; i++)
		ok = pool_set(o->pools.item[i], o->db, &a->sampler.only[a->sampler.only_n++], e) ||
		     tw_context(e, "--pool");
	if (ok && o->timeout < 0.05)
		ok = tw_fail(e, EX_USAGE, "--timeout: expected 0.05 seconds or more");
	if (o->only.n == 0)
		*set = (1U << TW_CHECKS) - 1;
	if (ok && (*set & 1U << TW_CHECK_LOGIN) == 0)
		a->clients = 0;
	return ok && whom_set(o, a, e);
}

/* buf_print writes a buffer to stdout. */
static bool
buf_print(struct tw_buf *b, bool ok)
{
	if (ok)
		fputs(tw_buf_text(b), stdout);
	tw_buf_free(b);
	return ok;
}

/* report_print writes the report in the format that was asked for. */
static bool
report_print(const struct options *o, const struct tw_report *r, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;

	if (o->quiet && tw_verdict_status(r->verdict) == TW_STATUS_OK)
		return true;
	if (strcmp(o->format, "json") == 0)
		return program_print(tw_report_json(r, name), e);
	return buf_print(&b, tw_report_nagios(r, o->verbose > 0, &b, e));
}

/*
 * unknown_print says on stdout, where a scheduler looks, why there is no verdict, and takes the
 * error: it needs no second mention.
 */
static int
unknown_print(const struct options *o, struct tw_err *e)
{
	struct tw_err first = *e;
	struct tw_buf b = TW_BUF_INIT;

	*e = (struct tw_err)TW_ERR_INIT;
	if (strcmp(o->format, "json") == 0) {
		json_t *report = tw_json_report(name, tw_status_word(TW_STATUS_UNKNOWN));

		json_object_set_new(report, "checks", json_array());
		json_object_set_new(report, "error", json_string(first.msg));
		program_print(report, e);
	} else {
		buf_print(&b, tw_report_nagios_error(&first, &b, e));
	}
	return TW_STATUS_UNKNOWN;
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

/* run_check asks, judges and reports; whatever fails on the way is UNKNOWN. */
static int
run_check(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_asking asking = { .sampler = TW_SAMPLER_INIT };
	struct tw_facts facts = TW_FACTS_INIT;
	struct tw_verdict verdict = TW_VERDICT_INIT;
	struct tw_thresholds thresholds = { 0 };
	tw_check_set set = 0;
	int code = TW_STATUS_UNKNOWN;
	bool ok;

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	tw_thresholds_default(&thresholds);
	if (strcmp(o->format, "nagios") != 0 && strcmp(o->format, "json") != 0)
		ok = tw_fail(e, EX_USAGE, "--format: expected nagios or json, got '%s'", o->format);
	else
		ok = questions_set(o, &asking, &thresholds, &set, e);
	if (ok && (o->only.n > 0 && (set & 1U << TW_CHECK_FREEZE) != 0) &&
	    asking.sampler.postgres.n == 0)
		ok = tw_fail(e, EX_USAGE, "--only freeze needs --postgres or --site");
	tw_check_questions(set, &asking);
	give_up_after(o->timeout + o->watch);
	ok = ok && tw_facts_ask(&asking, &facts, e) &&
	     tw_check_judge(set, &asking, &facts, &thresholds, &verdict, e) &&
	     report_print(o, &(struct tw_report){ &asking, &facts, &verdict }, e);
	if (ok)
		code = (int)tw_verdict_status(&verdict);
	tw_verdict_free(&verdict);
	tw_facts_free(&facts);
	tw_asking_free(&asking);
	return ok ? code : unknown_print(o, e);
}

#define OPT(field) .offset = offsetof(struct options, field)

static const struct tw_opt opts[] = {
	{ .name = "dsn",
	  .arg = "DSN",
	  .help = "the pooler's console; no password, or @FILE[#/pointer]",
	  .type = TW_OPT_STRING,
	  OPT(dsn) },
	{ .name = "postgres",
	  .arg = "DSN",
	  .help = "PostgreSQL behind it, for connections and the freeze",
	  .type = TW_OPT_STRING,
	  OPT(postgres) },
	{ .name = "site",
	  .letter = 's',
	  .arg = "FILE",
	  .help = "take both from this file (" SITE_DEFAULT ")",
	  .type = TW_OPT_STRING,
	  OPT(site) },
	{ .name = "login",
	  .arg = "DSN",
	  .help = "log in and run a transaction too, as a client would",
	  .type = TW_OPT_LIST,
	  OPT(logins) },
	{ .name = "pool",
	  .arg = "DSN",
	  .help = "look at no pools but those that clients with these DSNs come to",
	  .type = TW_OPT_LIST,
	  OPT(pools) },
	{ .name = "db",
	  .arg = "NAME",
	  .help = "what %DB% in a --login or --pool stands for",
	  .type = TW_OPT_STRING,
	  OPT(db) },
	{ .name = "format",
	  .arg = "FORMAT",
	  .help = "nagios or json (nagios)",
	  .type = TW_OPT_STRING,
	  OPT(format) },
	{ .name = "warning",
	  .letter = 'w',
	  .arg = "METRIC=RANGE",
	  .help = "when a metric is a warning",
	  .type = TW_OPT_LIST,
	  OPT(warnings) },
	{ .name = "critical",
	  .letter = 'c',
	  .arg = "METRIC=RANGE",
	  .help = "when a metric is critical",
	  .type = TW_OPT_LIST,
	  OPT(criticals) },
	{ .name = "only",
	  .arg = "CHECK",
	  .help = "make this check, and no other that is not named",
	  .type = TW_OPT_LIST,
	  OPT(only) },
	{ .name = "timeout",
	  .letter = 't',
	  .arg = "SECONDS",
	  .help = "for all questions together (10)",
	  .type = TW_OPT_NUMBER,
	  OPT(timeout),
	  .min = 0,
	  .max = 3600 },
	{ .name = "freeze-after",
	  .arg = "SECONDS",
	  .help = "longer than any transaction takes (15)",
	  .type = TW_OPT_NUMBER,
	  OPT(freeze_after),
	  .min = 0,
	  .max = 86400 },
	{ .name = "watch",
	  .arg = "SECONDS",
	  .help = "watch for so long before judging, and report peaks",
	  .type = TW_OPT_NUMBER,
	  OPT(watch),
	  .min = 0,
	  .max = 86400 },
	{ .name = "verbose",
	  .letter = 'v',
	  .help = "print one more line for each check",
	  .type = TW_OPT_COUNT,
	  OPT(verbose) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print nothing when all is well",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
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
