/* SPDX-License-Identifier: ISC */
/* twpool-stress: bots that log in and hold their connection, as players do; measures and judges. */
#include "program.h"
#include "stress_plan.h"

#include <math.h>
#include <string.h>

/* measure prepares and runs all. */
static bool
measure(const struct stress_options *o, const struct tw_script *script, struct tw_stress *s,
        struct tw_err *e)
{
	bool ok;

	s->swarm.script = script;
	s->swarm.arg = s;
	s->swarm.progress = stress_progress_choose(o);
	if (!tw_stress_prepare(s, e))
		return false;
	if (s->swarm.bots < s->bots_asked && !o->quiet)
		fprintf(stderr, "%s: %ld bots instead of %ld: the pooler takes no more clients\n",
		        STRESS_NAME, s->swarm.bots, s->bots_asked);
	s->swarm.signals = program_signals(e);
	if (s->swarm.signals < 0)
		return false;
	ok = tw_stress_run(s, e);
	program_signals_end(s->swarm.signals);
	stress_progress_end(o);
	return ok;
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
	const struct stress_options *o = options;
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
		           .clients.simple = o->protocol != NULL &&
		                             strcmp(o->protocol, "simple") == 0 },
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
	json_t *curve = NULL;
	bool ok;

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	ok = stress_options_check(o, e) && stress_script_choose(o, &script, e) &&
	     stress_sweep_read(o, &s, e) && stress_targets_read(o, &s, e) &&
	     stress_clients_choose(o, &s, e) && stress_sampler_read(o, &s.sampler, e) &&
	     (curve = stress_curve_read(o, e)) != NULL && measure(o, &script, &s, e);
	if (ok) {
		tw_limits_judge(&limits, &s, &verdict);
		ok = judge(&s, &verdict, e);
		if (!stress_report(o, &s, &verdict, curve, e->exit, &written)) {
			*e = written;
			ok = false;
		}
	}
	json_decref(curve);
	tw_stress_free(&s);
	tw_script_free(&script);
	return ok ? 0 : e->exit;
}

#define TEXT(key, chr, argument, sentence, field)                                       \
	{                                                                               \
		.name = key, .letter = chr, .arg = argument, .help = sentence,          \
		.type = TW_OPT_STRING, .offset = offsetof(struct stress_options, field) \
	}
#define NUMBER(key, argument, sentence, field, low, high)                                 \
	{                                                                                 \
		.name = key, .arg = argument, .help = sentence, .type = TW_OPT_NUMBER,    \
		.offset = offsetof(struct stress_options, field), .min = low, .max = high \
	}
#define WHOLE(key, sentence, field, low, high)                                            \
	{                                                                                 \
		.name = key, .arg = "N", .help = sentence, .type = TW_OPT_INT,            \
		.offset = offsetof(struct stress_options, field), .min = low, .max = high \
	}
#define FLAG(key, chr, sentence, field)                                            \
	{                                                                          \
		.name = key, .letter = chr, .help = sentence, .type = TW_OPT_FLAG, \
		.offset = offsetof(struct stress_options, field)                   \
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
	NUMBER("rate", "PER-SECOND", "transactions arrive by themselves, and nobody thinks", rate,
	       0, 1000000),
	NUMBER("warmup", "SECONDS", "run transactions first that do not count (0)", warmup, 0,
	       86400),
	NUMBER("login-rate", "PER-SECOND", "log in at this rate (0: as fast as it goes)",
	       login_rate, 0, 1000000),
	WHOLE("logins-at-once", "log in so many at a time (128; 0: all)", logins_at_once, 0,
	      100000),
	TEXT("script", 0, "FILE", "the transaction: SQL, or a subset of pgbench's scripts", script),
	TEXT("builtin", 'b', "NAME", "read, ping, idle-in-transaction, cancel (read)", builtin),
	{ .name = "define",
	  .letter = 'D',
	  .arg = "NAME=NUMBER",
	  .help = "a variable of the script",
	  .type = TW_OPT_LIST,
	  .offset = offsetof(struct stress_options, define) },
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
	TEXT("curve", 0, "FILE", "take the pool sizes of a report of twpool-size into ours",
	     curve),
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
	struct stress_options o = { .bots = 100,
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
