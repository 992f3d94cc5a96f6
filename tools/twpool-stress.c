/* SPDX-License-Identifier: ISC */
/* twpool-stress: bots that log in and hold their connection, as players do; measures and judges. */
#include "base/file.h"
#include "program.h"
#include "stress/stress_report.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char name[] = "twpool-stress";

struct options {
	const char *dsn, *versus, *db;
	const char *site, *console, *postgres;
	const char *script, *builtin, *client, *protocol, *ledger;
	struct tw_list define;
	const char *json, *html, *sweep;
	long bots, rounds, pairs, logins_at_once;
	double duration, think, deadline, login_deadline, warmup, rate, login_rate;
	bool reconnect, come_back;
	double min_success, max_p99, max_overhead, freeze_after;
	long max_server_connections;
	bool quiet, verbose;
};

/* progress_line writes how far a run is. */
static void
progress_line(const struct tw_stress *s, const struct tw_swarm_now *now, char *out, size_t size)
{
	const struct tw_tally *t = now->tally;
	char label[128];
	long failed = 0;

	for (size_t i = 0; i < t->failures.n; i++)
		failed += t->failures.item[i].count;
	tw_target_label(s->current, label, sizeof(label));
	if (now->logins)
		snprintf(out, size, "round %ld of %ld, %s: %ld of %ld logged in, %ld failed",
		         s->round, s->rounds, label, t->logins, t->bots, failed);
	else
		snprintf(out, size,
		         "round %ld of %ld, %s: %ld transactions by %ld bots, %ld failures, %.0f s "
		         "left",
		         s->round, s->rounds, label, t->transactions, t->logins, failed,
		         fmax(now->seconds_left, 0));
}

/* progress_terminal rewrites one line each second. */
static void
progress_terminal(void *stress, const struct tw_swarm_now *now)
{
	char line[256];

	progress_line(stress, now, line, sizeof(line));
	fprintf(stderr, "\r%s\033[K", line);
}

/* progress_log prints a line every five seconds. */
static void
progress_log(void *stress, const struct tw_swarm_now *now)
{
	char line[256];

	progress_line(stress, now, line, sizeof(line));
	if (now->second % 5 == 0)
		fprintf(stderr, "%s: %s\n", name, line);
}

/* versus_read reads the second target; what it leaves out is as in the first. */
static bool
versus_read(const struct options *o, struct tw_stress *s, struct tw_err *e)
{
	const struct tw_pg_params *dsn = &s->target[TW_DSN].params;
	struct tw_pg_params *p = &s->target[TW_VERSUS].params;
	bool ok = tw_pg_dsn_read(o->versus, o->db, p, e) || tw_context(e, "--versus");

	if (!ok || tw_pg_params_get(p, "service") != NULL)
		return ok;
	/* hostaddr would win over the new host */
	if (tw_pg_params_get(p, "host") != NULL)
		ok = tw_pg_params_default(p, "hostaddr", "", e);
	for (size_t i = 0; ok && i < dsn->n; i++)
		ok = tw_pg_params_default(p, dsn->keyword[i], dsn->value[i], e);
	return ok;
}

/* targets_read reads --dsn and --versus. */
static bool
targets_read(const struct options *o, struct tw_stress *s, struct tw_err *e)
{
	static const char word[] = "fallback_application_name";

	s->versus = o->versus != NULL;
	return (tw_pg_dsn_read(o->dsn, o->db, &s->target[TW_DSN].params, e) ||
	        tw_context(e, "--dsn")) &&
	       (!s->versus || versus_read(o, s, e)) &&
	       tw_pg_params_default(&s->target[TW_DSN].params, word, name, e) &&
	       tw_pg_params_default(&s->target[TW_VERSUS].params, word, name, e);
}

/* clients_choose gives each target its client. */
static bool
clients_choose(const struct options *o, struct tw_stress *s, struct tw_err *e)
{
	bool libpq = o->client != NULL && strcmp(o->client, "libpq") == 0;
	bool wire = o->client != NULL && strcmp(o->client, "wire") == 0;
	enum tw_client_choice choice = libpq  ? TW_CLIENT_ONLY_LIBPQ
	                               : wire ? TW_CLIENT_ONLY_WIRE
	                                      : TW_CLIENT_ANY;

	if (o->client != NULL && !libpq && !wire)
		return tw_fail(e, EX_USAGE, "--client: expected wire or libpq, got '%s'", o->client);
	for (int i = 0; i < (s->versus ? 2 : 1); i++) {
		if (!tw_target_client(&s->target[i], choice, e))
			return tw_context(e, "--%s", s->target[i].name);
	}
	return true;
}

/* sweep_read reads "50,100,200". */
static bool
sweep_read(const struct options *o, struct tw_stress *s, struct tw_err *e)
{
	const char *at = o->sweep;

	while (at != NULL && *at != '\0') {
		char *end;
		long bots = strtol(at, &end, 10);

		if (end == at || (*end != ',' && *end != '\0') || bots < 1 || bots > 100000 ||
		    s->sweep_n == TW_SWEEP_MAX)
			return tw_fail(e, EX_USAGE, "--sweep: expected up to %d numbers of bots, got '%s'",
			               TW_SWEEP_MAX, o->sweep);
		s->sweep[s->sweep_n++].bots = bots;
		at = *end == ',' ? end + 1 : end;
	}
	return true;
}

/* script_choose makes the bots' transaction. */
static bool
script_choose(const struct options *o, struct tw_script *script, struct tw_err *e)
{
	for (size_t i = 0; i < o->define.n; i++) {
		if (!tw_script_define(script, o->define.item[i], e))
			return false;
	}
	return o->script ? tw_script_read(o->script, script, e)
	                 : tw_script_builtin(o->builtin ? o->builtin : "read", script, e);
}

/* sampler_read finds out whom to ask about server connections. */
static bool
sampler_read(const struct options *o, struct tw_sampler *sampler, struct tw_err *e)
{
	struct tw_site site = TW_SITE_INIT;
	bool ok = true;

	if (o->console != NULL)
		ok = tw_pg_dsn_read(o->console, NULL, &sampler->console, e) ||
		     tw_context(e, "--console");
	if (ok && o->postgres != NULL)
		ok = tw_pg_dsn_read(o->postgres, NULL, &sampler->postgres, e) ||
		     tw_context(e, "--postgres");
	if (ok && o->site != NULL)
		ok = tw_site_load(o->site, &site, e) &&
		     tw_sampler_site(sampler, &site, tw_root(), name, e);
	tw_site_free(&site);
	return ok;
}

/* options_check refuses what does not go together. */
static bool
options_check(const struct options *o, struct tw_err *e)
{
	if (o->dsn == NULL)
		return tw_fail(e, EX_USAGE, "--dsn DSN is required");
	if (o->pairs > 0 && o->versus == NULL) {
		tw_fail(e, EX_USAGE, "--pairs needs --versus");
		return tw_hint(e, "name the database itself there, past the pooler.");
	}
	if (o->pairs > 0 && o->pairs < TW_OVERHEAD_BLOCKS)
		return tw_fail(e, EX_USAGE, "--pairs: expected 0, or %d or more, got %ld",
		               TW_OVERHEAD_BLOCKS, o->pairs);
	if (o->bots == 0 && o->pairs == 0) {
		tw_fail(e, EX_USAGE, "--bots 0 without --pairs leaves nothing to measure");
		return tw_hint(e, "ask for bots, or for --pairs with --versus.");
	}
	if (o->bots == 0 &&
	    (!isnan(o->min_success) || !isnan(o->max_p99) || o->max_server_connections > 0))
		return tw_fail(e, EX_USAGE, "a threshold for bots needs bots");
	if (o->duration <= 0 && !isnan(o->max_p99))
		return tw_fail(e, EX_USAGE, "--max-p99 needs a --duration");
	if (!isnan(o->max_overhead) && o->pairs == 0)
		return tw_fail(e, EX_USAGE, "--max-overhead needs --pairs");
	if (o->postgres != NULL && o->site == NULL && o->console == NULL)
		return tw_fail(e, EX_USAGE, "--postgres needs --console or --site");
	if (o->max_server_connections > 0 && o->site == NULL &&
	    (o->console == NULL || o->postgres == NULL)) {
		tw_fail(e, EX_USAGE, "--max-server-connections needs somebody who counts them");
		return tw_hint(e, "give --site, or --console and --postgres.");
	}
	if (o->script != NULL && o->builtin != NULL)
		return tw_fail(e, EX_USAGE, "--script and --builtin exclude each other");
	if (o->ledger != NULL && (o->script != NULL || o->builtin != NULL || o->versus != NULL ||
	                          o->sweep != NULL))
		return tw_fail(e, EX_USAGE, "--ledger has its own transaction, and one target");
	if (o->protocol != NULL && strcmp(o->protocol, "simple") != 0 &&
	    strcmp(o->protocol, "extended") != 0)
		return tw_fail(e, EX_USAGE, "--protocol: expected simple or extended, got '%s'",
		               o->protocol);
	if (o->deadline <= 0 || o->login_deadline <= 0)
		return tw_fail(e, EX_USAGE, "a deadline must be more than 0 seconds");
	return true;
}

/* signals_open makes SIGINT and SIGTERM readable, for this thread and those that it starts. */
static int
signals_open(sigset_t *set, struct tw_err *e)
{
	int fd;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigprocmask(SIG_BLOCK, set, NULL);
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		tw_fail_errno(e, EX_OSERR, "signalfd");
	return fd;
}

/* signals_close gives the next signal its usual effect. */
static void
signals_close(int fd, const sigset_t *set)
{
	struct signalfd_siginfo seen;

	while (read(fd, &seen, sizeof(seen)) > 0)
		;
	close(fd);
	sigprocmask(SIG_UNBLOCK, set, NULL);
}

/* measure prepares and runs all. */
static bool
measure(const struct options *o, const struct tw_script *script, struct tw_stress *s,
        struct tw_err *e)
{
	bool terminal = isatty(STDERR_FILENO) && !o->quiet, ok;
	sigset_t set;

	s->swarm.script = script;
	s->swarm.arg = s;
	s->swarm.progress = terminal ? progress_terminal : o->verbose ? progress_log : NULL;
	if (!tw_stress_prepare(s, e))
		return false;
	if (s->swarm.bots < s->bots_asked && !o->quiet)
		fprintf(stderr, "%s: %ld bots instead of %ld: the pooler takes no more clients\n",
		        name, s->swarm.bots, s->bots_asked);
	s->swarm.signals = signals_open(&set, e);
	if (s->swarm.signals < 0)
		return false;
	ok = tw_stress_run(s, e);
	signals_close(s->swarm.signals, &set);
	if (terminal)
		fprintf(stderr, "\r\033[K");
	return ok;
}

/* status_word is the report's status. */
static const char *
status_word(const struct tw_stress *s, const struct tw_judged *v, int code)
{
	if (s->frozen[0] != '\0')
		return "frozen";
	if (v->missed == 0 && s->interrupted)
		return "interrupted";
	return code == 0 ? "ok" : "failed";
}

/* json_write writes the report to stdout ("-") or a file; it takes the report over. */
static bool
json_write(const char *path, json_t *report, struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0644, .uid = geteuid(), .gid = getegid() };
	struct tw_buf b = TW_BUF_INIT;
	bool ok;

	if (path != NULL && strcmp(path, "-") == 0)
		return program_print(report, e);
	ok = path == NULL ||
	     (tw_json_text(report, &b, e) && tw_file_replace(path, b.data, b.len, &attr, e));
	tw_buf_free(&b);
	json_decref(report);
	return ok;
}

/* html_write writes the page of a report. */
static bool
html_write(const char *path, const json_t *report, struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0644, .uid = geteuid(), .gid = getegid() };
	struct tw_buf b = TW_BUF_INIT;
	bool ok = tw_stress_page(report, &b, e) && tw_file_replace(path, b.data, b.len, &attr, e);

	tw_buf_free(&b);
	return ok;
}

/* report prints the table and writes the JSON. Without a table what was missed goes to stderr. */
static bool
report(const struct options *o, const struct tw_stress *s, const struct tw_judged *v, int code,
       struct tw_err *e)
{
	bool table = !o->quiet && (o->json == NULL || strcmp(o->json, "-") != 0), ok = true;
	bool written = o->json != NULL || o->html != NULL;
	json_t *json = written ? tw_json_report(name, status_word(s, v, code)) : NULL;
	struct tw_buf b = TW_BUF_INIT;
	char line[256];

	if (table)
		ok = tw_stress_table(s, v, o->verbose, &b, e);
	if (ok && table)
		fputs(tw_buf_text(&b), stdout);
	tw_buf_free(&b);
	for (size_t i = 0; !table && i < v->n; i++) {
		tw_limit_text(&v->item[i], line, sizeof(line));
		if (!v->item[i].met)
			fprintf(stderr, "%s: missed: %s\n", name, line);
	}
	if (json == NULL)
		return ok && (!written || tw_fail(e, EX_OSERR, "out of memory"));
	if (ok && tw_stress_json(s, v, json, e) &&
	    (o->html == NULL || html_write(o->html, json, e)))
		return json_write(o->json, json, e);
	json_decref(json);
	return false;
}

/* interrupted_fail says how much of the phases of transactions the figures are from. */
static bool
interrupted_fail(const struct tw_stress *s, struct tw_err *e)
{
	double done = 0, planned = (double)s->swarm.duration / 1e6 * (double)s->rounds;

	for (int i = 0; i < TW_TARGETS; i++) {
		for (size_t j = 0; j < s->target[i].rounds; j++)
			done += s->target[i].round[j].value[TW_SECONDS];
	}
	return tw_fail(e, EX_TEMPFAIL, "interrupted: figures of %.1f of %.1f seconds", done,
	               s->versus ? 2 * planned : planned);
}

/* judge says in `e` what the figures mean for the exit code; false unless that is 0. */
static bool
judge(const struct tw_stress *s, const struct tw_judged *v, struct tw_err *e)
{
	const struct tw_target *t = &s->target[TW_DSN];
	const struct tw_failure *f = tw_failures_most(&t->failures, TW_FAILED_LOGIN);

	if (s->frozen[0] != '\0') {
		tw_fail(e, 1, "%s", s->frozen);
		return tw_hint(e, "%s.", tw_freeze_cures());
	}
	if (s->ledger.lost + s->ledger.doubled + s->ledger.ghosts > 0)
		return tw_fail(e, 1, "ledger: %ld lost, %ld doubled, %ld given up and there",
		               s->ledger.lost, s->ledger.doubled, s->ledger.ghosts);
	if (v->missed > 0)
		return tw_fail(e, 1, "%zu of %zu thresholds missed", v->missed, v->n);
	if (s->interrupted)
		return interrupted_fail(s, e);
	if (s->overhead_error.exit != 0) {
		*e = s->overhead_error;
		return false;
	}
	if (t->rounds > 0 && tw_figures_spread(t->round, t->rounds, TW_LOGINS).value < 1)
		return tw_fail(
		    e, f && strcmp(f->class, "authentication") == 0 ? EX_NOPERM : EX_UNAVAILABLE,
		    "no login succeeded: %s", f ? f->message : "nobody knows why");
	return true;
}

/* us turns seconds into microseconds. */
static tw_us
us(double seconds)
{
	return (tw_us)(seconds * 1e6);
}

/* run_stress does it all. */
static int
run_stress(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_stress s = {
		.swarm = { .duration = us(o->duration),
		           .think = us(o->think),
		           .deadline = us(o->deadline),
		           .login_deadline = us(o->login_deadline),
		           .warmup = us(o->warmup),
		           .rate = o->rate,
		           .login_rate = o->login_rate,
		           .logins_at_once = o->logins_at_once,
		           .reconnect = o->reconnect,
		           .come_back = o->come_back || o->ledger != NULL,
		           .clients.simple =
		               o->protocol != NULL && strcmp(o->protocol, "simple") == 0 },
		.bots_asked = o->bots,
		.rounds = o->rounds > 0 ? o->rounds
		          : o->versus   ? 3
		                        : 1,
		.pairs = o->pairs,
		.ledger_table = o->ledger,
		.freeze_us = us(o->freeze_after),
		.target = { { .name = "dsn" }, { .name = "versus" } },
	};
	struct tw_limits limits = { o->min_success, o->max_p99, o->max_overhead,
		                    o->max_server_connections ? (double)o->max_server_connections
		                                              : NAN };
	struct tw_script script = TW_SCRIPT_INIT;
	struct tw_judged verdict = { 0 };
	struct tw_err written = TW_ERR_INIT;
	bool ok;

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	ok = options_check(o, e) &&
	     script_choose(o, &script, e) && sweep_read(o, &s, e) && targets_read(o, &s, e) && clients_choose(o, &s, e) &&
	     sampler_read(o, &s.sampler, e) && measure(o, &script, &s, e);
	if (ok) {
		tw_limits_judge(&limits, &s, &verdict);
		ok = judge(&s, &verdict, e);
		if (!report(o, &s, &verdict, e->exit, &written)) {
			*e = written;
			ok = false;
		}
	}
	tw_stress_free(&s);
	tw_script_free(&script);
	return ok ? 0 : e->exit;
}

#define TEXT(key, chr, argument, sentence, field)                                \
	{                                                                        \
		.name = key, .letter = chr, .arg = argument, .help = sentence,   \
		.type = TW_OPT_STRING, .offset = offsetof(struct options, field) \
	}
#define NUMBER(key, argument, sentence, field, low, high)                              \
	{                                                                              \
		.name = key, .arg = argument, .help = sentence, .type = TW_OPT_NUMBER, \
		.offset = offsetof(struct options, field), .min = low, .max = high     \
	}
#define WHOLE(key, sentence, field, low, high)                                     \
	{                                                                          \
		.name = key, .arg = "N", .help = sentence, .type = TW_OPT_INT,     \
		.offset = offsetof(struct options, field), .min = low, .max = high \
	}
#define FLAG(key, chr, sentence, field)                                            \
	{                                                                          \
		.name = key, .letter = chr, .help = sentence, .type = TW_OPT_FLAG, \
		.offset = offsetof(struct options, field)                          \
	}

static const struct tw_opt opts[] = {
	TEXT("dsn", 0, "DSN", "connection text without a password, or @FILE[#/pointer]", dsn),
	TEXT("db", 0, "NAME", "what %DB% in a DSN stands for", db),
	TEXT("versus", 0, "DSN", "run the same there, by turns; what it leaves out is as in --dsn",
	     versus),
	WHOLE("bots", "how many log in (100)", bots, 0, 100000),
	NUMBER("duration", "SECONDS", "run transactions for this time (10)", duration, 0, 86400),
	NUMBER("think", "SECONDS", "mean pause between a bot's transactions (0.5)", think, 0, 3600),
	NUMBER("deadline", "SECONDS", "a transaction that takes longer has failed (5)", deadline, 0,
	       3600),
	NUMBER("login-deadline", "SECONDS", "a login that takes longer has failed (15)",
	       login_deadline, 0, 3600),
	WHOLE("rounds", "run each target so often (3 with --versus, else 1)", rounds, 1, 1000),
	WHOLE("pairs", "then one client's query here and there, so often (0)", pairs, 0, 1000000),
	NUMBER("rate", "PER-SECOND", "transactions arrive by themselves, and nobody thinks", rate, 0,
	       1000000),
	NUMBER("warmup", "SECONDS", "run transactions first that do not count (0)", warmup, 0,
	       86400),
	NUMBER("login-rate", "PER-SECOND", "log in at this rate (0: as fast as it goes)", login_rate,
	       0, 1000000),
	WHOLE("logins-at-once", "log in so many at a time (128; 0: all)", logins_at_once, 0, 100000),
	TEXT("script", 0, "FILE", "the transaction: SQL, or a subset of pgbench's scripts", script),
	TEXT("builtin", 'b', "NAME", "read, ping, idle-in-transaction, cancel (read)", builtin),
	{ .name = "define",
	  .letter = 'D',
	  .arg = "NAME=NUMBER",
	  .help = "a variable of the script",
	  .type = TW_OPT_LIST,
	  .offset = offsetof(struct options, define) },
	TEXT("sweep", 0, "N,N,...", "after the rounds, try these numbers of bots too", sweep),
	TEXT("ledger", 0, "TABLE", "prove there that no committed transaction is lost or doubled",
	     ledger),
	FLAG("reconnect", 'C', "a new connection for each transaction", reconnect),
	FLAG("come-back", 0, "who has lost a connection logs in again", come_back),
	TEXT("client", 0, "NAME", "wire, our own, or libpq (wire where it can)", client),
	TEXT("protocol", 'M', "NAME", "simple or extended (extended)", protocol),
	TEXT("site", 's', "FILE", "the site file: whom to ask about server connections", site),
	TEXT("console", 0, "DSN", "the pooler's console, instead of the site's", console),
	TEXT("postgres", 0, "DSN", "PostgreSQL as one who sees all, instead of the site's",
	     postgres),
	NUMBER("min-success", "RATE", "fail (1) below: logins, transactions, survivors",
	       min_success, 0, 1),
	NUMBER("max-p99", "MS", "fail (1) above: p99 of the latency", max_p99, 0, 3600000),
	NUMBER("max-overhead", "MS", "fail (1) above: added latency (with --pairs)", max_overhead,
	       0, 3600000),
	WHOLE("max-server-connections", "fail (1) above: their peak", max_server_connections, 1,
	      1000000),
	NUMBER("freeze-after", "SECONDS",
	       "a pool in which nothing happens for so long is frozen (15)", freeze_after, 1, 3600),
	TEXT("json", 0, "FILE", "write a report; \"-\": to stdout, and no table", json),
	TEXT("html", 0, "FILE", "write the report as a page that one looks at", html),
	FLAG("quiet", 'q', "print no table and no progress", quiet),
	FLAG("verbose", 'v', "print messages of failures, and progress to a log", verbose),
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "", 0, 0, "let bots log in and run transactions", opts, run_stress },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-stress",
		"let bots log in and hold on as players do; measure, compare, judge", commands
	};
	struct options o = { .bots = 100,
		             .duration = 10,
		             .think = 0.5,
		             .deadline = 5,
		             .login_deadline = 15,
		             .logins_at_once = TW_SWARM_LOGINS,
		             .freeze_after = TW_FREEZE_SECONDS,
		             .min_success = NAN,
		             .max_p99 = NAN,
		             .max_overhead = NAN };

	return program_main(&program, argc, argv, &o);
}
