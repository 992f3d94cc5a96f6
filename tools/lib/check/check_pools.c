/* SPDX-License-Identifier: ISC */
/* check_pools.c: what SHOW POOLS and SHOW DATABASES say of each pool. */
#include "check.h"
#include "site/keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* pool_servers counts the server connections that a pool has, or is about to have. */
static long
pool_servers(const struct tw_pool *p)
{
	return p->sv_active + p->sv_idle + p->sv_used + p->sv_tested + p->sv_login;
}

/* pool_numbers is "5 clients wait, the longest for 7.25 s; 3 of 3 server connections". */
static void
pool_numbers(const struct tw_pool *p, char *out, size_t size)
{
	char limit[32] = "", wait[64] = "0 waiting";

	if (p->limit > 0)
		snprintf(limit, sizeof(limit), " of %ld", p->limit);
	if (p->cl_waiting > 0)
		snprintf(wait, sizeof(wait), "%ld client%s, the longest for %.6f s", p->cl_waiting,
		         p->cl_waiting == 1 ? " waits" : "s wait", (double)p->maxwait_us / 1e6);
	snprintf(out, size, "%s, %ld%s server connections", wait, pool_servers(p), limit);
}

/* pool_trouble is what is wrong with a pool beside its numbers, and how bad that is; "" if nothing.
 */
static const char *
pool_trouble(const struct tw_pool *p, bool tells_pause, enum tw_status *status)
{
	*status = TW_STATUS_CRITICAL;
	if (p->disabled)
		return ": its database is disabled, new clients are refused (ENABLE)";
	if (p->paused)
		return ": its database is paused (RESUME)";
	if (tw_pool_stranded(p))
		return tells_pause
		           ? ": PostgreSQL cannot be reached or refuses the pooler's login; "
		             "see PgBouncer's log"
		           : ": PostgreSQL cannot be reached or refuses the pooler's login, "
		             "or all of PgBouncer is paused; see its log";
	*status = TW_STATUS_WARNING;
	if (p->limit > 0 && p->cl_waiting > 0 && pool_servers(p) >= p->limit)
		return ": it is exhausted";
	*status = TW_STATUS_OK;
	return "";
}

/* pool_judge judges one pool. */
static void
pool_judge(const struct tw_pool *p, bool tells_pause, const struct tw_thresholds *t,
           struct tw_result *r)
{
	enum tw_status status;
	const char *trouble = pool_trouble(p, tells_pause, &status);
	char numbers[160];

	snprintf(r->database, sizeof(r->database), "%s", p->database);
	snprintf(r->user, sizeof(r->user), "%s", p->user);
	pool_numbers(p, numbers, sizeof(numbers));
	tw_result_say(r, "pool %s/%s: %s%s", p->database, p->user, numbers, trouble);
	tw_result_raise(r, status);
	tw_result_measure(r, t, TW_METRIC_WAITING, (double)p->cl_waiting, 0);
	tw_result_measure(r, t, TW_METRIC_MAXWAIT, (double)p->maxwait_us / 1e6, 0);
	tw_result_measure(r, t, TW_METRIC_SERVERS, (double)pool_servers(p), (double)p->limit);
}

/* pool_known tells whether the console has shown a pool. */
static bool
pool_known(const struct tw_sample *s, const struct tw_pool_name *name)
{
	for (size_t i = 0; i < s->pools.n; i++) {
		if (strcmp(s->pools.item[i].database, name->database) == 0 &&
		    strcmp(s->pools.item[i].user, name->user) == 0)
			return true;
	}
	return false;
}

/* pools_expected adds those that the console has not shown, so that the labels stay the same. */
static bool
pools_expected(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	bool moot = in->facts->console.how != TW_ASKED_OK;

	for (size_t i = 0; i < in->asking->expected_n; i++) {
		const struct tw_pool_name *name = &in->asking->expected[i];
		double value = moot ? NAN : 0;
		struct tw_result *r;

		if (pool_known(&in->facts->sample, name))
			continue;
		r = tw_verdict_add(v, "pools", e);
		if (r == NULL)
			return false;
		snprintf(r->database, sizeof(r->database), "%s", name->database);
		snprintf(r->user, sizeof(r->user), "%s", name->user);
		if (!tw_check_moot(in, r))
			tw_result_say(r, "pool %s/%s: not used yet", r->database, r->user);
		tw_result_measure(r, in->thresholds, TW_METRIC_WAITING, value, NAN);
		tw_result_measure(r, in->thresholds, TW_METRIC_MAXWAIT, value, NAN);
		tw_result_measure(r, in->thresholds, TW_METRIC_SERVERS, value, NAN);
	}
	return true;
}

/* pools_all adds what is to be said about all pools together: one result, also without pools. */
static bool
pools_all(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	struct tw_result *r = tw_verdict_add(v, "pools", e);

	if (r == NULL)
		return false;
	if (tw_check_moot(in, r))
		return true;
	tw_result_say(r, "%zu pool%s", in->facts->sample.pools.n,
	              in->facts->sample.pools.n == 1 ? "" : "s");
	if (in->facts->sample.paused) {
		r->status = TW_STATUS_CRITICAL;
		tw_result_say(r, "all of PgBouncer is paused (RESUME)");
	}
	return true;
}

bool
tw_check_pools(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_sample *s = &in->facts->sample;
	struct tw_err ignored = TW_ERR_INIT;
	int version = 0;

	tw_key_version(s->version, &version, &ignored); /* SHOW STATE came with 1.19 */
	if (!pools_all(in, v, e))
		return false;
	for (size_t i = 0; i < s->pools.n; i++) {
		struct tw_result *r = tw_verdict_add(v, "pools", e);

		if (r == NULL)
			return false;
		pool_judge(&s->pools.item[i], version >= TW_PGBOUNCER(1, 19, 0), in->thresholds, r);
	}
	return pools_expected(in, v, e);
}
