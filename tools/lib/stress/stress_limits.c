/* SPDX-License-Identifier: ISC */
/* stress_limits.c: one threshold after the other. */
#include "stress_limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* limit_add judges one value; `least`: it must not be below its limit, else not above. */
static void
limit_add(struct tw_judged *v, struct tw_limit t, bool least, bool interrupted)
{
	if (isnan(t.limit))
		return;
	if (isnan(t.value))
		t.met = interrupted;
	else
		t.met = least ? t.value >= t.limit : t.value <= t.limit;
	v->missed += !t.met;
	v->item[v->n++] = t;
}

/* figure is one of the --dsn target, NAN where there was no round. */
static double
figure(const struct tw_stress *s, enum tw_figure which)
{
	const struct tw_target *t = &s->target[TW_DSN];

	return t->rounds > 0 ? tw_figures_spread(t->round, t->rounds, which).value : NAN;
}

void
tw_limits_judge(const struct tw_limits *limits, const struct tw_stress *s, struct tw_judged *v)
{
	static const char success[] = "--min-success";
	double overhead = s->overhead.pairs > 0 ? s->overhead.difference_ms : NAN;
	double least = limits->min_success;

	*v = (struct tw_judged){ 0 };
	limit_add(v,
	          (struct tw_limit){ "min_success_logins", "logins that succeeded", success, least,
	                             figure(s, TW_LOGIN_SUCCESS), false },
	          true, s->interrupted);
	limit_add(v,
	          (struct tw_limit){ "min_success_transactions", "transactions that succeeded",
	                             success, s->swarm.duration > 0 ? least : NAN,
	                             figure(s, TW_SUCCESS), false },
	          true, s->interrupted);
	limit_add(v,
	          (struct tw_limit){ "min_success_survivors", "bots that survived", success, least,
	                             figure(s, TW_SURVIVAL), false },
	          true, s->interrupted);
	limit_add(v,
	          (struct tw_limit){ "max_p99_ms", "p99 of the latency in ms", "--max-p99",
	                             limits->max_p99_ms, figure(s, TW_P99), false },
	          false, s->interrupted);
	limit_add(v,
	          (struct tw_limit){ "max_overhead_ms", "added latency in ms", "--max-overhead",
	                             limits->max_overhead_ms, overhead, false },
	          false, s->interrupted);
	limit_add(v,
	          (struct tw_limit){ "max_server_connections", "peak of server connections",
	                             "--max-server-connections", limits->max_server_connections,
	                             figure(s, TW_PEAK), false },
	          false, s->interrupted);
}

void
tw_limit_text(const struct tw_limit *t, char *out, size_t size)
{
	if (isnan(t->value))
		snprintf(out, size, "%s: not known, so %s %g is not met", t->what, t->option,
		         t->limit);
	else
		snprintf(out, size, "%s: %g is %s %s %g", t->what, t->value,
		         t->value < t->limit ? "below" : "above", t->option, t->limit);
}
