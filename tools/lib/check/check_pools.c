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

/* What is wrong with a pool beside its numbers. */
struct trouble {
	enum tw_status status;
	enum tw_cause cause;
	const char *text;
};

/* pool_trouble finds the worst of a pool; `runs` is in how many runs in a row a login was seen. */
static struct trouble
pool_trouble(const struct tw_pool *p, bool tells_pause, long runs)
{
	if (p->disabled)
		return (struct trouble){ TW_STATUS_CRITICAL, TW_CAUSE_DISABLED,
			                 ": its database is disabled, new clients are refused "
			                 "(ENABLE)" };
	if (p->paused)
		return (struct trouble){ TW_STATUS_CRITICAL, TW_CAUSE_PAUSED,
			                 ": its database is paused (RESUME)" };
	if (tw_pool_stranded(p))
		return (struct trouble){
			TW_STATUS_CRITICAL, TW_CAUSE_STRANDED,
			tells_pause
			    ? ": PostgreSQL cannot be reached or refuses the pooler's login; "
			      "see PgBouncer's log"
			    : ": PostgreSQL cannot be reached or refuses the pooler's login, "
			      "or all of PgBouncer is paused; see its log"
		};
	/* A login takes milliseconds: one that is seen twice, and nothing else, does not succeed.
	 */
	if (runs > 1 && p->sv_active + p->sv_idle + p->sv_used + p->sv_tested == 0)
		return (struct trouble){ TW_STATUS_WARNING, TW_CAUSE_STRANDED,
			                 ": its login at PostgreSQL is stuck" };
	if (p->limit > 0 && p->cl_waiting > 0 && pool_servers(p) >= p->limit)
		return (struct trouble){ TW_STATUS_WARNING, TW_CAUSE_EXHAUSTED,
			                 ": it is exhausted" };
	if (p->reserve > 0 && pool_servers(p) > p->limit - p->reserve)
		return (struct trouble){ TW_STATUS_WARNING, TW_CAUSE_RESERVE,
			                 ": its reserve is in use" };
	return (struct trouble){ TW_STATUS_OK, TW_CAUSE_NONE, "" };
}

/* pool_judge judges one pool. */
static void
pool_judge(const struct tw_pool *p, bool tells_pause, const struct tw_between *between,
           const struct tw_thresholds *t, struct tw_result *r)
{
	struct trouble trouble = pool_trouble(p, tells_pause,
	                                      tw_between_stuck(between, p->database, p->user));
	char numbers[160];

	snprintf(r->database, sizeof(r->database), "%s", p->database);
	snprintf(r->user, sizeof(r->user), "%s", p->user);
	pool_numbers(p, numbers, sizeof(numbers));
	tw_result_say(r, "pool %s/%s: %s%s", p->database, p->user, numbers, trouble.text);
	tw_result_raise(r, trouble.status, trouble.cause);
	tw_result_measure(r, t, TW_METRIC_WAITING, (double)p->cl_waiting, 0);
	tw_result_measure(r, t, TW_METRIC_MAXWAIT, (double)p->maxwait_us / 1e6, 0);
	tw_result_measure(r, t, TW_METRIC_SERVERS, (double)pool_servers(p), (double)p->limit);
	tw_result_measure(r, t, TW_METRIC_CL_ACTIVE, (double)p->cl_active, NAN);
	tw_result_measure(r, t, TW_METRIC_SV_ACTIVE, (double)p->sv_active, NAN);
	tw_result_measure(r, t, TW_METRIC_SV_IDLE, (double)p->sv_idle, NAN);
	tw_result_measure(r, t, TW_METRIC_SV_USED, (double)p->sv_used, NAN);
	tw_result_measure(r, t, TW_METRIC_SV_TESTED, (double)p->sv_tested, NAN);
	tw_result_measure(r, t, TW_METRIC_SV_LOGIN, (double)p->sv_login, NAN);
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
	static const enum tw_metric_id metrics[] = {
		TW_METRIC_WAITING,   TW_METRIC_MAXWAIT,   TW_METRIC_SERVERS,
		TW_METRIC_CL_ACTIVE, TW_METRIC_SV_ACTIVE, TW_METRIC_SV_IDLE,
		TW_METRIC_SV_USED,   TW_METRIC_SV_TESTED, TW_METRIC_SV_LOGIN,
	};
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
		for (size_t j = 0; j < sizeof(metrics) / sizeof(*metrics); j++)
			tw_result_measure(r, in->thresholds, metrics[j], value, NAN);
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
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_PAUSED);
		tw_result_say(r, "all of PgBouncer is paused (RESUME)");
	}
	if (in->facts->sample.suspended) {
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_SUSPENDED);
		tw_result_say(r, "all of PgBouncer is suspended (RESUME)");
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
		pool_judge(&s->pools.item[i], version >= TW_PGBOUNCER(1, 19, 0),
		           &in->facts->between, in->thresholds, r);
	}
	return pools_expected(in, v, e);
}
