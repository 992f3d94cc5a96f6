/* SPDX-License-Identifier: ISC */
/* criteria.c: one function for each criterion: its figure, its limit, and both as people read them.
 */
#include "criteria.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is judged: the evidence, and the site that the thresholds are from. Both may be NULL. */
struct facts {
	const json_t *evidence;
	const struct tw_site *site;
};

/* One criterion: `value` is to be at least, or at most, `limit`. NAN: not known. */
struct judged {
	bool least;
	double limit, value;
	char needed[24], measured[48];
};

const json_t *
tw_criteria_at(const json_t *json, const char *path)
{
	char key[64];

	while (json != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
		                           : json_object_get(json, key);
		path += path[n] == '.' ? n + 1 : n;
	}
	return json;
}

/* number is a number of the evidence. */
static double
number(const struct facts *f, const char *path)
{
	const json_t *json = tw_criteria_at(f->evidence, path);

	return json_is_number(json) ? json_number_value(json) : NAN;
}

/* truth is 1 or 0 for true or false in the evidence. */
static double
truth(const struct facts *f, const char *path)
{
	const json_t *json = tw_criteria_at(f->evidence, path);

	return json_is_boolean(json) ? json_is_true(json) : NAN;
}

/* word is a text of the evidence, or "". */
static const char *
word(const struct facts *f, const char *path)
{
	const char *text = json_string_value(tw_criteria_at(f->evidence, path));

	return text != NULL ? text : "";
}

/* threshold is a number of the site. */
static double
threshold(const struct facts *f, const char *key)
{
	struct tw_err ignored = TW_ERR_INIT;
	const json_t *json = f->site ? tw_site_at(f->site, key, &ignored) : NULL;

	return json_is_number(json) ? json_number_value(json) : NAN;
}

/* rate_judge asks that a rate be at least validate.min_success. */
static void
rate_judge(const struct facts *f, const char *path, struct judged *j)
{
	j->least = true;
	j->limit = threshold(f, "validate.min_success");
	j->value = number(f, path);
	snprintf(j->needed, sizeof(j->needed), ">= %g %%", j->limit * 100);
}

static void
rendered(const struct facts *f, struct judged *j)
{
	*j = (struct judged){ true, 1, truth(f, "pooler_as_rendered"), "yes", "" };
	snprintf(j->measured, sizeof(j->measured), j->value > 0 ? "yes" : "no");
}

/* part_judge is rate_judge for "N of M": a rate without its two numbers is none. */
static void
part_judge(const struct facts *f, const char *path, double n, double m, struct judged *j)
{
	rate_judge(f, path, j);
	j->value = isnan(n + m) ? NAN : j->value;
	snprintf(j->measured, sizeof(j->measured), "%.0f of %.0f", n, m);
}

/* logins: the pooler may have had no room for all bots that were asked for. */
static void
logins(const struct facts *f, struct judged *j)
{
	double tried = number(f, "pool_load.targets.0.logins.attempted");
	double asked = number(f, "pool_load.bots_asked");
	size_t n;

	part_judge(f, "pool_load.targets.0.logins.success",
	           number(f, "pool_load.targets.0.logins.succeeded"), tried, j);
	n = strlen(j->measured);
	if (tried < asked)
		snprintf(j->measured + n, sizeof(j->measured) - n, " (%.0f asked)", asked);
	else
		snprintf(j->measured + n, sizeof(j->measured) - n, " bots");
}

/* A percentage is cut: 99.999 is not 100. */
static void
transactions(const struct facts *f, struct judged *j)
{
	double tried = number(f, "pool_load.targets.0.transactions.attempted");

	part_judge(f, "pool_load.targets.0.transactions.success", tried, tried, j);
	snprintf(j->measured, sizeof(j->measured), "%.2f %% of %.0f",
	         floor(j->value * 10000 + 1e-9) / 100, tried);
}

static void
survivors(const struct facts *f, struct judged *j)
{
	part_judge(f, "pool_load.targets.0.survival", number(f, "pool_load.targets.0.survivors"),
	           number(f, "pool_load.targets.0.logins.succeeded"), j);
}

/* has_sizes tells whether an entry of databases[] or users[] sizes its own pool. */
static bool
has_sizes(const json_t *entry)
{
	return json_object_get(entry, "pool_size") != NULL ||
	       json_object_get(entry, "reserve_pool") != NULL ||
	       json_object_get(entry, "reserve_pool_size") != NULL;
}

/* users_size tells whether users have pools of their own sizes, which no row of the console tells.
 */
static bool
users_size(const struct facts *f)
{
	const json_t *users = f->site ? tw_criteria_at(f->site->root, "users") : NULL, *user;
	size_t i;

	json_array_foreach (users, i, user) {
		if (has_sizes(user))
			return true;
	}
	return false;
}

/* pool_limit is how many server connections a pool of ordinary size has; NAN: who knows. */
static double
pool_limit(const struct facts *f)
{
	double size = threshold(f, "pgbouncer.default_pool_size");
	double most = threshold(f, "pgbouncer.max_db_connections");

	if (users_size(f) || f->site == NULL ||
	    has_sizes(tw_criteria_at(f->site->root, "databases.0")))
		return NAN;
	size = size > 0 ? size + threshold(f, "pgbouncer.reserve_pool_size") : NAN;
	return most > 0 && !(size <= most) ? most : size;
}

/* connections_judge asks that a count be at most the limit, where there is one. */
static void
connections_judge(double value, double limit, struct judged *j)
{
	*j = (struct judged){ .limit = limit, .value = value };
	snprintf(j->needed, sizeof(j->needed), "<= %.0f", limit);
	snprintf(j->measured, sizeof(j->measured), "%.0f", value);
}

static void
connections_bots(const struct facts *f, struct judged *j)
{
	double most = threshold(f, "validate.max_server_connections");
	double direct = number(f, "pool_load.targets.0.logins.attempted");
	size_t n;

	connections_judge(number(f, "pool_load.targets.0.server_connections.peak"),
	                  most > 0 ? most : pool_limit(f), j);
	n = strlen(j->measured);
	if (!isnan(direct))
		snprintf(j->measured + n, sizeof(j->measured) - n, " (directly %.0f)", direct);
}

/* The limit is what the running pooler said of the server's own pools. */
static void
connections_load(const struct facts *f, struct judged *j)
{
	const json_t *pools = tw_criteria_at(f->evidence, "watch.pools"), *pool;
	double limit = json_array_size(pools) > 0 && !users_size(f) ? 0 : NAN;
	size_t i;

	json_array_foreach (pools, i, pool) {
		const json_t *one = json_object_get(pool, "servers_limit");

		limit += json_is_number(one) ? json_number_value(one) : NAN;
	}
	connections_judge(number(f, "watch.watched.peak_server_connections"), limit, j);
}

/* latency takes the value that was judged: the other one is rounded. */
static void
latency(const struct facts *f, struct judged *j)
{
	j->limit = threshold(f, "validate.max_overhead_ms");
	j->value = number(f, "latency.thresholds.0.value");
	if (strcmp(word(f, "latency.thresholds.0.name"), "max_overhead_ms") != 0)
		j->value = number(f, "latency.comparison.overhead_ms");
	snprintf(j->needed, sizeof(j->needed), "<= %g ms", j->limit);
	snprintf(j->measured, sizeof(j->measured), "%.3f ms", j->value);
}

static void
successes(const struct facts *f, struct judged *j)
{
	double asked = threshold(f, "validate.bots") * threshold(f, "validate.min_success");

	j->least = true;
	j->value = number(f, "success_lines");
	j->limit = number(f, "success_needed");
	if (isnan(j->limit))
		j->limit = ceil(asked - 1e-9);
	snprintf(j->needed, sizeof(j->needed), ">= %.0f", j->limit);
	snprintf(j->measured, sizeof(j->measured), "%.0f", j->value);
}

static void
refusals(const struct facts *f, struct judged *j)
{
	*j = (struct judged){ false, 0, number(f, "failure_lines"), "none", "none" };
	if (j->value > 0)
		snprintf(j->measured, sizeof(j->measured), "%.0f", j->value);
}

/* 124 is what timeout(1) ends with. */
static void
load_exit(const struct facts *f, struct judged *j)
{
	*j = (struct judged){ false, 0, number(f, "load_exit"), "0", "" };
	snprintf(j->measured, sizeof(j->measured), "%.0f%s", j->value,
	         j->value == 124 ? " (out of time)" : "");
}

/* freeze_judged tells whether the watch looked for a freeze: without PostgreSQL it is left out. */
static bool
freeze_judged(const struct facts *f)
{
	const json_t *checks = tw_criteria_at(f->evidence, "watch.checks"), *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		const char *id = json_string_value(json_object_get(check, "id"));

		if (id != NULL && strcmp(id, "freeze") == 0)
			return true;
	}
	return false;
}

/* freeze: what was not looked at may have been frozen; and the bots may have met one before. */
static void
freeze(const struct facts *f, struct judged *j)
{
	const char *status = word(f, "watch.status");
	double samples = number(f, "watch.watched.samples");
	double seconds = number(f, "watch.watched.seconds");

	*j = (struct judged){ false, 0, NAN, "none", "frozen" };
	if (strcmp(status, "critical") == 0 || *word(f, "pool_load.frozen") != '\0') {
		j->value = 1;
	} else if ((strcmp(status, "ok") == 0 || strcmp(status, "warning") == 0) &&
	           freeze_judged(f) && samples > 0 && !isnan(seconds)) {
		j->value = 0;
		snprintf(j->measured, sizeof(j->measured), "none in %.1f s", seconds);
	}
}

static void
running(const struct facts *f, struct judged *j)
{
	double pooler = truth(f, "pooler_running"), server = truth(f, "server_running");

	*j = (struct judged){ true, 1, pooler == 0 || server == 0 ? 0 : pooler * server, "yes",
		              "yes" };
	if (pooler == 0)
		snprintf(j->measured, sizeof(j->measured), "the pooler does not");
	else if (server == 0)
		snprintf(j->measured, sizeof(j->measured), "the server does not");
}

/* health: the exit code of a plugin; 3, and whatever else it may be, is no measurement. */
static void
health(const struct facts *f, struct judged *j)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };
	double code = number(f, "health_exit");

	*j = (struct judged){ false, 1, NAN, "not CRITICAL", "" };
	if (code == 0 || code == 1 || code == 2) {
		j->value = code;
		snprintf(j->measured, sizeof(j->measured), "%s", words[(int)code]);
	}
}

static const struct row {
	const char *name, *title;
	void (*judge)(const struct facts *f, struct judged *j);
} rows[] = {
	{ "pooler_as_rendered", "pooler runs as rendered", rendered },
	{ "pool_logins", "pool: logins", logins },
	{ "pool_transactions", "pool: transactions after", transactions },
	{ "pool_survivors", "pool: bots to the end", survivors },
	{ "pool_server_connections", "pool: server connections", connections_bots },
	{ "added_latency_ms", "pool: added latency, p50", latency },
	{ "load_success_lines", "server: distinct successes", successes },
	{ "load_failure_lines", "server: refusals in log", refusals },
	{ "load_exit", "server: load's exit code", load_exit },
	{ "load_server_connections", "server: server connections", connections_load },
	{ "freeze", "server: frozen under load", freeze },
	{ "running", "pooler and server run on", running },
	{ "health", "twpool-check", health },
};

/* result_word is the verdict on one criterion. */
static const char *
result_word(const struct judged *j)
{
	if (isnan(j->value))
		return "not_measured";
	if (isnan(j->limit))
		return "not_judged";
	return (j->least ? j->value >= j->limit : j->value <= j->limit) ? "met" : "not_met";
}

/* known is a number, null for NAN. */
static json_t *
known(double x)
{
	if (isnan(x))
		return json_null();
	return x == floor(x) && fabs(x) < 1e15 ? json_integer((json_int_t)x) : json_real(x);
}

json_t *
tw_criteria(const json_t *evidence, const struct tw_site *site)
{
	const struct facts f = { evidence, site };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct judged j = { .limit = NAN };

		rows[i].judge(&f, &j);
		json_array_append_new(
		    list,
		    json_pack("{ss ss so so so so ss}", "name", rows[i].name, "title",
		              rows[i].title, "needed",
		              isnan(j.limit) ? json_null() : json_string(j.needed), "measured",
		              isnan(j.value) ? json_null() : json_string(j.measured), "limit",
		              known(j.limit), "value", known(j.value), "result", result_word(&j)));
	}
	return list;
}

size_t
tw_criteria_count(const json_t *criteria, const char *result)
{
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach (criteria, i, one) {
		const char *is = json_string_value(json_object_get(one, "result"));

		n += is != NULL && strcmp(is, result) == 0;
	}
	return n;
}
