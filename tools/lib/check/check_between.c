/* SPDX-License-Identifier: ISC */
/*
 * check_between.c: what takes two looks: the mean wait since the last run, who comes past the
 * pooler, and secrets that have changed.
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* wait_judge judges the waits in one database. */
static void
wait_judge(const struct tw_interval *i, long long seconds, const struct tw_thresholds *t,
           struct tw_result *r)
{
	snprintf(r->database, sizeof(r->database), "%s", i->database);
	if (i->few)
		tw_result_say(r,
		              "database %s: too few transactions in the last %lld s to judge the "
		              "wait",
		              i->database, seconds);
	else if (isnan(i->mean_wait_s))
		tw_result_say(r, "database %s: no earlier run to compare with", i->database);
	else
		tw_result_say(r,
		              "database %s: a client waited for %.6f s on average in the last "
		              "%lld s",
		              i->database, i->mean_wait_s, seconds);
	tw_result_measure(r, t, TW_METRIC_MEAN_WAIT, i->mean_wait_s, NAN);
}

/* interval_find is what is known of a database; one that is not known is NAN. */
static struct tw_interval
interval_find(const struct tw_between *b, const char *database)
{
	struct tw_interval none = { .mean_wait_s = NAN };

	for (size_t i = 0; i < b->n; i++) {
		if (strcmp(b->item[i].database, database) == 0)
			return b->item[i];
	}
	snprintf(none.database, sizeof(none.database), "%s", database);
	return none;
}

/* wait_add adds the result of a database, unless it has one. */
static bool
wait_add(const struct tw_check_input *in, size_t first, const char *database, struct tw_verdict *v,
         struct tw_err *e)
{
	struct tw_interval interval = interval_find(&in->facts->between, database);
	struct tw_result *r;

	for (size_t i = first; i < v->n; i++) {
		if (strcmp(v->item[i].database, database) == 0)
			return true;
	}
	r = tw_verdict_add(v, "waits", e);
	if (r != NULL)
		wait_judge(&interval, in->facts->between.between, in->thresholds, r);
	return r != NULL;
}

bool
tw_check_waits(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_sample *s = &in->facts->sample;
	size_t first = v->n;
	bool ok = true;

	if (!in->asking->state)
		return tw_verdict_unjudged(v, "waits",
		                           "nothing is kept between runs without --state or "
		                           "--remember");
	for (size_t i = 0; ok && i < s->pools.n; i++)
		ok = wait_add(in, first, s->pools.item[i].database, v, e);
	for (size_t i = 0; ok && i < in->asking->expected_n; i++)
		ok = wait_add(in, first, in->asking->expected[i].database, v, e);
	return ok;
}

/* straggler_place is one of them in words. */
static void
straggler_place(const struct tw_backend *b, char *out, size_t size)
{
	if (*b->address == '\0')
		snprintf(out, size, "%s on %s over the local socket (pid %ld, since %s)", b->role,
		         b->database, b->pid, b->since);
	else
		snprintf(out, size, "%s on %s from %s:%d (pid %ld, since %s)", b->role, b->database,
		         b->address, b->port, b->pid, b->since);
}

bool
tw_check_stragglers(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_answer *a = &in->facts->stragglers;
	const struct tw_backends *direct = &in->facts->direct.two;
	char first[512];
	struct tw_result *r;

	if (!in->asking->site)
		return tw_verdict_unjudged(v, "stragglers",
		                           "whose clients should not come past the pooler is known "
		                           "only with --site");
	if (in->asking->sampler.postgres.n == 0)
		return tw_verdict_unjudged(v, "stragglers",
		                           "PostgreSQL is not asked without --postgres, or as root "
		                           "--site");
	if (a->how == TW_ASKED_REFUSED)
		return tw_verdict_unjudged(v, "stragglers",
		                           "the role of --postgres does not see what others do: "
		                           "GRANT pg_monitor");
	r = tw_verdict_add(v, "stragglers", e);
	if (r == NULL)
		return false;
	tw_result_measure(r, in->thresholds, TW_METRIC_STRAGGLERS,
	                  a->how == TW_ASKED_OK ? (double)direct->n : NAN, NAN);
	if (a->how != TW_ASKED_OK) {
		r->moot = true;
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_POSTGRES);
		tw_result_say(r, "not judged: pooler and PostgreSQL did not both answer");
		return true;
	}
	tw_result_say(r, "nobody comes past the pooler");
	if (direct->n > 0) {
		straggler_place(&direct->item[0], first, sizeof(first));
		tw_result_say(r, "%zu client%s past the pooler: %s%s", direct->n,
		              direct->n == 1 ? " comes" : "s come", first,
		              direct->n == 1 ? "" : ", and more (twpool-dsn verify)");
	}
	return true;
}

bool
tw_check_secrets(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_answer *a = &in->facts->secrets;
	const struct tw_drift *d = &in->facts->drift;
	struct tw_result *r;

	if (!in->asking->secrets || a->how != TW_ASKED_OK)
		return tw_verdict_unjudged(v, "secrets",
		                           "secrets are compared for root alone, with PostgreSQL "
		                           "asked as a superuser and an auth file");
	r = tw_verdict_add(v, "secrets", e);
	if (r == NULL)
		return false;
	tw_result_say(r, "%zu secret%s of the auth file %s PostgreSQL's", d->compared,
	              d->compared == 1 ? "" : "s", d->compared == 1 ? "is" : "are");
	if (d->differ > 0) {
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_SECRETS);
		tw_result_say(r, "PostgreSQL has another secret than the pooler's auth file for %s",
		              d->names);
	}
	return true;
}
