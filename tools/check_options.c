/* SPDX-License-Identifier: ISC */
/* check_options.c: options become questions. */
#include "check_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SITE_DEFAULT "/etc/twpool/site.json"

/* What check_postgres calls an action is a check here, and a metric for a range without a name. */
static const struct {
	const char *action, *check, *metric;
} actions[] = {
	{ "pgb_pool_cl_active", "pools", "cl_active" },
	{ "pgb_pool_cl_waiting", "pools", "waiting" },
	{ "pgb_pool_sv_active", "pools", "sv_active" },
	{ "pgb_pool_sv_idle", "pools", "sv_idle" },
	{ "pgb_pool_sv_used", "pools", "sv_used" },
	{ "pgb_pool_sv_tested", "pools", "sv_tested" },
	{ "pgb_pool_sv_login", "pools", "sv_login" },
	{ "pgb_pool_maxwait", "pools", "maxwait" },
	{ "pgbouncer_backends", "clients", "clients" },
	{ "pgbouncer_checksum", "config", NULL },
};

/* action_set makes the check of an action the only one, and finds its metric (NULL: none). */
static bool
action_set(const char *action, tw_check_set *set, const char **metric, struct tw_err *e)
{
	*metric = NULL;
	for (size_t i = 0; action != NULL && i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].action, action) == 0) {
			*metric = actions[i].metric;
			return tw_check_set_add(set, actions[i].check, e);
		}
	}
	if (action == NULL)
		return true;
	tw_fail(e, EX_USAGE, "--action: '%s' is not known", action);
	return tw_hint(e, "the actions are pgb_pool_ and a column of SHOW POOLS, "
	                  "pgbouncer_backends and pgbouncer_checksum.");
}

/* threshold_set reads METRIC=RANGE, or with an action RANGE alone, "90%" too. */
static bool
threshold_set(struct tw_thresholds *t, bool critical, const char *text, const char *metric,
              struct tw_err *e)
{
	char named[128];
	size_t n = strlen(text);

	if (metric == NULL || strchr(text, '=') != NULL)
		return tw_thresholds_set(t, critical, text, e);
	n -= n > 0 && text[n - 1] == '%';
	snprintf(named, sizeof(named), "%s=%.*s", metric, (int)n, text);
	return tw_thresholds_set(t, critical, named, e);
}

/* console_set takes over the options that name the console in parts. */
static bool
console_set(const struct check_options *o, struct tw_pg_params *p, struct tw_err *e)
{
	return (o->host == NULL || tw_pg_params_set(p, "host", o->host, e)) &&
	       (o->port == NULL || tw_pg_params_set(p, "port", o->port, e)) &&
	       (o->user == NULL || tw_pg_params_set(p, "user", o->user, e));
}

/* whom_set finds out whom to ask: one of each at most, as check_many.c takes them apart. */
static bool
whom_set(const struct check_options *o, struct tw_asking *a, struct tw_err *e)
{
	const char *dsn = o->dsns.n > 0 ? o->dsns.item[0] : NULL;
	const char *site = o->sites.n > 0 ? o->sites.item[0] : NULL;
	struct tw_sampler *s = &a->sampler;
	bool ok = (dsn == NULL || tw_asking_dsn(dsn, CHECK_NAME, &s->console, e)) &&
	          console_set(o, &s->console, e) &&
	          (o->postgres == NULL || tw_asking_dsn(o->postgres, CHECK_NAME, &s->postgres, e));

	if (!ok)
		return false;
	if (site == NULL && dsn == NULL && o->host == NULL && o->port == NULL) {
		if (access(SITE_DEFAULT, F_OK) != 0) {
			tw_fail(e, EX_USAGE,
			        "neither --dsn nor --site, and there is no " SITE_DEFAULT);
			return tw_hint(e, "%s --help lists all options.", CHECK_NAME);
		}
		site = SITE_DEFAULT;
	}
	return site == NULL || tw_asking_site(a, site, CHECK_NAME, e);
}

bool
check_questions(const struct check_options *o, struct tw_asking *a, struct tw_thresholds *t,
                tw_check_set *set, struct tw_err *e)
{
	const char *metric;
	bool ok, metrics = o->textfile != NULL || strcmp(o->format, "prometheus") == 0;

	ok = action_set(o->action, set, &metric, e);
	a->state = check_state_path(o) != NULL;
	a->sampler.totals = true;
	a->sampler.clients = metrics && strcmp(o->dialect, "old") != 0;
	a->timeout = (tw_ms)(o->timeout * 1000);
	a->login_timeout = (tw_ms)(o->login_timeout * 1000);
	a->watch = (tw_ms)(o->watch * 1000);
	a->freeze_us = (long long)(o->freeze_after * 1e6);
	for (size_t i = 0; ok && i < o->warnings.n; i++)
		ok = threshold_set(t, false, o->warnings.item[i], metric, e);
	for (size_t i = 0; ok && i < o->criticals.n; i++)
		ok = threshold_set(t, true, o->criticals.item[i], metric, e);
	for (size_t i = 0; ok && i < o->only.n; i++)
		ok = tw_check_set_add(set, o->only.item[i], e);
	for (size_t i = 0; ok && i < o->logins.n; i++)
		ok = tw_asking_login(a, o->logins.item[i], o->db, CHECK_NAME, e) ||
		     tw_context(e, "--login");
	for (size_t i = 0; ok && i < o->pools.n; i++)
		ok = tw_asking_pool(a, o->pools.item[i], o->db, e) || tw_context(e, "--pool");
	if (ok && o->timeout < 0.05)
		ok = tw_fail(e, EX_USAGE, "--timeout: expected 0.05 seconds or more");
	if (o->only.n == 0 && o->action == NULL)
		*set = (1U << TW_CHECKS) - 1;
	while (ok && (*set & 1U << TW_CHECK_LOGIN) == 0 && a->clients > 0)
		tw_pg_params_free(&a->client[--a->clients].params);
	if (ok && a->state)
		a->state = (*set & (1U << TW_CHECK_WAITS | 1U << TW_CHECK_POOLS)) != 0;
	ok = ok && whom_set(o, a, e);
	a->sampler.console.wire = a->sampler.postgres.wire = true;
	return ok;
}

const char *
check_state_path(const struct check_options *o)
{
	return o->state != NULL ? o->state : o->remember;
}

#define OPT(word, ch, kind, what, text, field)                                       \
	{                                                                            \
		.name = word, .letter = ch, .type = kind, .arg = what, .help = text, \
		.offset = offsetof(struct check_options, field)                      \
	}
#define STRING(word, what, text, field) OPT(word, 0, TW_OPT_STRING, what, text, field)
#define LIST(word, ch, what, text, field) OPT(word, ch, TW_OPT_LIST, what, text, field)
#define SECONDS(word, ch, most, text, field)                                                       \
	{                                                                                          \
		.name = word, .letter = ch, .type = TW_OPT_NUMBER, .arg = "SECONDS", .help = text, \
		.max = most, .offset = offsetof(struct check_options, field)                       \
	}

const struct tw_opt check_opts[] = {
	LIST("dsn", 0, "DSN", "the pooler's console; no password, or @FILE[#/pointer]", dsns),
	STRING("postgres", "DSN", "PostgreSQL behind it, for connections and the freeze", postgres),
	LIST("site", 's', "FILE", "take both from this file (" SITE_DEFAULT "), or a directory's",
	     sites),
	LIST("login", 0, "DSN", "log in and run a transaction too, as a client would", logins),
	LIST("pool", 0, "DSN", "look at no pools but those that clients with these DSNs come to",
	     pools),
	STRING("db", "NAME", "what %DB% in a --login or --pool stands for", db),
	STRING("format", "FORMAT", "nagios, json or prometheus (nagios)", format),
	STRING("dialect", "WHICH", "of prometheus: old, new or both (both)", dialect),
	STRING("output", "FILE", "write the report there, as a whole, and print nothing", output),
	STRING("textfile", "FILE", "write metrics there too, for node_exporter", textfile),
	LIST("warning", 'w', "METRIC=RANGE", "when a metric is a warning", warnings),
	LIST("critical", 'c', "METRIC=RANGE", "when a metric is critical", criticals),
	LIST("only", 0, "CHECK", "make this check, and no other that is not named", only),
	SECONDS("timeout", 't', 3600, "for all questions together (10)", timeout),
	SECONDS("login-timeout", 0, 3600, "for each --login by itself", login_timeout),
	SECONDS("freeze-after", 0, 86400, "longer than any transaction takes (15)", freeze_after),
	SECONDS("watch", 0, 86400, "watch for so long before judging, and report peaks", watch),
	STRING("remember", "FILE", "speak only of what is news since the run that wrote this file",
	       remember),
	STRING("state", "FILE", "keep there what the next run compares with", state),
	OPT("explain", 0, TW_OPT_FLAG, NULL, "say more about what is not well", explain),
	STRING("explain-line", "LINE", "explain a line of PgBouncer's log, and ask nobody",
	       explain_line),
	OPT("host", 'H', TW_OPT_STRING, "HOST", "of the console, or the socket's directory", host),
	OPT("port", 'p', TW_OPT_STRING, "PORT", "of the console", port),
	OPT("dbuser", 'u', TW_OPT_STRING, "USER", "as whom to ask the console", user),
	STRING("action", "NAME", "the check that check_postgres calls so", action),
	OPT("verbose", 'v', TW_OPT_COUNT, NULL, "print one more line for each check", verbose),
	OPT("quiet", 'q', TW_OPT_FLAG, NULL, "print nothing when all is well", quiet),
	{ 0 },
};
