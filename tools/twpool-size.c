/* SPDX-License-Identifier: ISC */
/* twpool-size: whether the pools of a site fit into what PostgreSQL has, with every term shown. */
#include "base/file.h"
#include "program.h"
#include "site/keys.h"
#include "size/size_report.h"
#include "size_tune.h"

#include <stdlib.h>

static const char name[] = "twpool-size";

struct options {
	const char *site, *version;
	struct tw_list postgres;
	double timeout;
	long others;
	bool descriptors, tune, json, quiet;
	const char *dsn, *db, *sizes, *script, *html;
	long bots;
	double seconds, think;
	int verbose;
};

/* What asking needs: the site's own PostgreSQL is `main`, s->servers where no database is there. */
struct asking {
	const struct tw_site *site;
	struct tw_sampler sampler;
	const struct tw_sample *pooler;
	size_t main;
	tw_ms deadline;
};

/* options_check refuses what does not go together. */
static bool
options_check(const struct options *o, struct tw_err *e)
{
	if (o->site == NULL)
		return tw_fail(e, EX_USAGE, "--site FILE is required");
	if (o->descriptors && (o->json || o->postgres.n > 0))
		return tw_fail(e, EX_USAGE, "--descriptors asks nobody and prints one number");
	if (o->tune && (o->dsn == NULL || o->descriptors))
		return tw_fail(e, EX_USAGE, "--tune needs --dsn, and is no --descriptors");
	if (!o->tune && (o->dsn != NULL || o->html != NULL || o->script != NULL))
		return tw_fail(e, EX_USAGE, "--dsn, --script and --html are for --tune");
	if (o->timeout < 0.05)
		return tw_fail(e, EX_USAGE, "--timeout: expected 0.05 seconds or more");
	return true;
}

/*
 * server_of_dsn is the server that a DSN means: the one at its host and port, otherwise that of the
 * site, or the only one.
 */
static size_t
server_of_dsn(const struct tw_size *s, const struct asking *a, const struct tw_pg_params *p)
{
	const char *host = tw_pg_params_get(p, "host"), *port = tw_pg_params_get(p, "port");
	size_t found;

	host = host != NULL ? host : tw_pg_params_get(p, "hostaddr");
	found = tw_size_find(s, host != NULL ? host : "localhost",
	                     port != NULL ? strtol(port, NULL, 10) : 5432);
	if (found < s->servers)
		return found;
	return a->main < s->servers ? a->main : 0;
}

/* dsn_ask asks the server that one --postgres means. */
static bool
dsn_ask(struct tw_size *s, const struct asking *a, const char *dsn, struct tw_err *e)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	bool ok = tw_pg_dsn_read(dsn, NULL, &p, e) &&
	          tw_pg_params_default(&p, "fallback_application_name", name, e);

	ok = ok && tw_size_ask(s, server_of_dsn(s, a, &p), &p, a->pooler, a->deadline, e);
	tw_pg_params_free(&p);
	return ok;
}

/*
 * main_ask asks the site's own PostgreSQL as its superuser, where that is on this host or
 * auth.superuser_service says how to get there. Another one's socket would answer for the wrong
 * server.
 */
static bool
main_ask(struct tw_size *s, struct asking *a, struct tw_err *e)
{
	/* Where a --postgres was for it, that has answered, or failed, for good. */
	if (a->main == s->servers || s->server[a->main].asked ||
	    s->server[a->main].error[0] != '\0')
		return true;
	if (!tw_size_local(s->server[a->main].host) &&
	    *tw_site_text(a->site, "auth.superuser_service") == '\0')
		return true;
	return tw_size_ask(s, a->main, &a->sampler.postgres, a->pooler, a->deadline, e);
}

/* unreachable tells an error of one server from one that ends everything. */
static bool
unreachable(const struct tw_err *e)
{
	return e->exit == EX_UNAVAILABLE || e->exit == EX_NOPERM;
}

/* all_known fails where a server has not answered, if nothing has failed yet. */
static bool
all_known(const struct tw_size *s, struct tw_err *e)
{
	for (size_t i = 0; e->exit == 0 && i < s->servers; i++) {
		if (!s->server[i].asked) {
			tw_fail(e, EX_UNAVAILABLE, "nobody can be asked for the limits of %s:%ld",
			        s->server[i].host, s->server[i].port);
			tw_hint(e, "Name it with --postgres.");
		}
	}
	return e->exit == 0;
}

/*
 * servers_ask asks every server that can be asked. False with the first error; one server that does
 * not answer keeps nobody from asking the others.
 */
static bool
servers_ask(const struct options *o, struct asking *a, struct tw_size *s, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i <= o->postgres.n; i++) {
		struct tw_err own = TW_ERR_INIT;

		if (i < o->postgres.n ? dsn_ask(s, a, o->postgres.item[i], &own)
		                      : main_ask(s, a, &own))
			continue;
		ok = unreachable(&own);
		if (!ok || e->exit == 0)
			*e = own;
	}
	return ok && all_known(s, e);
}

/* all_ask asks the pooler, in a part of the time, and then all servers. */
static bool
all_ask(const struct options *o, const struct tw_site *site, struct tw_size *s, struct tw_err *e)
{
	struct asking a = { .site = site, .sampler = TW_SAMPLER_INIT };
	struct tw_sample pooler = TW_SAMPLE_INIT;
	struct tw_err ignored = TW_ERR_INIT; /* a pooler need not run yet; its column says so */
	tw_ms now = tw_pg_now(), time = (tw_ms)(o->timeout * 1000);
	bool ok = tw_sampler_site(&a.sampler, site, tw_root(), name, e);

	a.deadline = now + time;
	a.main = tw_size_find(s, tw_site_text(site, "postgres.host"),
	                      (long)tw_site_integer(site, "postgres.port"));
	if (ok && tw_sample_console(&a.sampler, now + time / 3, &pooler, &ignored))
		a.pooler = &pooler;
	ok = ok && servers_ask(o, &a, s, e);
	tw_sample_free(&pooler);
	tw_sampler_free(&a.sampler);
	return ok;
}

/* report_print writes the report in the format that was asked for. */
static bool
report_print(const struct options *o, const struct tw_size *s, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	json_t *report;
	bool ok;

	if (o->quiet && s->status <= TW_SIZE_TIGHT)
		return true;
	if (o->json) {
		report = tw_json_report(name, tw_size_word(s->status));
		if (report != NULL && tw_size_json(s, report, e))
			return program_print(report, e);
		json_decref(report);
		return e->exit != 0 ? false : tw_fail(e, EX_OSERR, "out of memory");
	}
	ok = tw_size_table(s, o->verbose > 0, &b, e);
	if (ok)
		fputs(tw_buf_text(&b), stdout);
	tw_buf_free(&b);
	return ok;
}

/* size_print asks and reports. Who could not be asked is unknown in the report, and an error. */
static int
size_print(const struct options *o, const struct tw_site *site, struct tw_size *s, struct tw_err *e)
{
	struct tw_err report = TW_ERR_INIT;
	bool known = all_ask(o, site, s, e);

	if (!known && !unreachable(e))
		return e->exit;
	s->others = o->others;
	tw_size_reckon(s);
	if (!report_print(o, s, &report)) {
		*e = report;
		return e->exit;
	}
	if (s->status == TW_SIZE_OVERSUBSCRIBED)
		return 1;
	return known ? 0 : e->exit;
}

/* size_tune_run asks PostgreSQL for what fits, if it can be asked, and tunes. */
static int
size_tune_run(const struct options *o, const struct tw_site *site, struct tw_size *s,
              struct tw_err *e)
{
	struct size_tune_options tune = { o->dsn,  o->db,      o->sizes, o->script, o->html,
		                          o->bots, o->seconds, o->think, o->json,   o->quiet };
	struct tw_err ignored = TW_ERR_INIT; /* what fits is then not known, and the report says so */

	if (!all_ask(o, site, s, &ignored) && !unreachable(&ignored)) {
		*e = ignored;
		return e->exit;
	}
	s->others = o->others;
	tw_size_reckon(s);
	return size_tune(&tune, site, s, e);
}

/* run_size reads the site, and asks unless it is for the descriptors alone. */
static int
run_size(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_size size = TW_SIZE_INIT;
	int version = 0, code = 0;
	bool ok;

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	ok = options_check(o, e) &&
	     (o->version == NULL || tw_key_version(o->version, &version, e)) &&
	     tw_site_load(o->site, &site, e) && tw_size_site(&site, version, &size, e);
	if (ok && o->descriptors) {
		tw_size_reckon(&size);
		printf("%ld\n", size.descriptors_limit);
	} else if (ok && o->tune) {
		code = size_tune_run(o, &site, &size, e);
	} else if (ok) {
		code = size_print(o, &site, &size, e);
	}
	tw_size_free(&size);
	tw_site_free(&site);
	return ok ? code : e->exit;
}

#define OPT(field) .offset = offsetof(struct options, field)

static const struct tw_opt opts[] = {
	{ .name = "site",
	  .letter = 's',
	  .arg = "FILE",
	  .help = "the site file",
	  .type = TW_OPT_STRING,
	  OPT(site) },
	{ .name = "postgres",
	  .arg = "DSN",
	  .help = "ask this PostgreSQL, as this role; no password, or @FILE[#/pointer]",
	  .type = TW_OPT_LIST,
	  OPT(postgres) },
	{ .name = "pgbouncer-version",
	  .arg = "X.Y.Z",
	  .help = "reckon for this version (default: for the worst)",
	  .type = TW_OPT_STRING,
	  OPT(version) },
	{ .name = "others",
	  .arg = "N",
	  .help = "reckon with N connections of others, or with those of now if more",
	  .type = TW_OPT_INT,
	  OPT(others),
	  .min = 0,
	  .max = 1000000 },
	{ .name = "descriptors",
	  .help = "print the pooler's LimitNOFILE and nothing else; asks nobody",
	  .type = TW_OPT_FLAG,
	  OPT(descriptors) },
	{ .name = "tune",
	  .help = "try pool sizes at the running pooler with bots, and recommend one",
	  .type = TW_OPT_FLAG,
	  OPT(tune) },
	{ .name = "dsn",
	  .arg = "DSN",
	  .help = "--tune: where the bots log in; no password, or @FILE[#/pointer]",
	  .type = TW_OPT_STRING,
	  OPT(dsn) },
	{ .name = "db",
	  .arg = "NAME",
	  .help = "--tune: what %DB% in the DSN stands for",
	  .type = TW_OPT_STRING,
	  OPT(db) },
	{ .name = "sizes",
	  .arg = "N,N,...",
	  .help = "--tune: the pool sizes (1,2,4,8,16,32)",
	  .type = TW_OPT_STRING,
	  OPT(sizes) },
	{ .name = "bots",
	  .arg = "N",
	  .help = "--tune: how many bots (100)",
	  .type = TW_OPT_INT,
	  OPT(bots),
	  .min = 1,
	  .max = 100000 },
	{ .name = "seconds",
	  .arg = "SECONDS",
	  .help = "--tune: for each size (3)",
	  .type = TW_OPT_NUMBER,
	  OPT(seconds),
	  .min = 0,
	  .max = 3600 },
	{ .name = "think",
	  .arg = "SECONDS",
	  .help = "--tune: mean pause between a bot's transactions (0)",
	  .type = TW_OPT_NUMBER,
	  OPT(think),
	  .min = 0,
	  .max = 3600 },
	{ .name = "script",
	  .arg = "FILE",
	  .help = "--tune: the bots' transaction",
	  .type = TW_OPT_STRING,
	  OPT(script) },
	{ .name = "html",
	  .arg = "FILE",
	  .help = "--tune: write the curve as a page",
	  .type = TW_OPT_STRING,
	  OPT(html) },
	{ .name = "timeout",
	  .letter = 't',
	  .arg = "SECONDS",
	  .help = "for all questions together (10)",
	  .type = TW_OPT_NUMBER,
	  OPT(timeout),
	  .min = 0,
	  .max = 3600 },
	{ .name = "json", .help = "print one JSON object", .type = TW_OPT_FLAG, OPT(json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print nothing when the pools fit",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
	{ .name = "verbose",
	  .letter = 'v',
	  .help = "print a line for each pool, with the keys that set its size",
	  .type = TW_OPT_COUNT,
	  OPT(verbose) },
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "", 0, 0, "ask PostgreSQL and reckon", opts, run_size },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-size", "prove or refute that the pools fit into PostgreSQL's connections",
		commands
	};
	struct options o = { .timeout = 10, .sizes = "1,2,4,8,16,32", .bots = 100, .seconds = 3 };

	return program_main(&program, argc, argv, &o);
}
