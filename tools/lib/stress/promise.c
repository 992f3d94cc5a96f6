/* SPDX-License-Identifier: ISC */
/* promise.c: the cells of the guide's table, as this host has them. */
#include "verdict.h"

#include <math.h>
#include <string.h>

/* spread is a figure of a target over its rounds. */
static struct tw_spread
spread(const struct tw_target *t, enum tw_figure which)
{
	if (t->rounds == 0)
		return (struct tw_spread){ NAN, NAN, NAN };
	return tw_figures_median(t->round, t->rounds, which);
}

/* figure takes a promise's values from one figure, times `scale`. */
static void
figure(const struct tw_stress *s, enum tw_figure which, double scale, struct tw_promise *p)
{
	struct tw_spread after = spread(&s->target[TW_DSN], which);

	p->before = spread(&s->target[TW_VERSUS], which).value * scale;
	p->value = after.value * scale;
	p->min = after.min * scale;
	p->max = after.max * scale;
}

/* memory: of a connection before, a backend; and now, a client of the pooler. */
static void
memory(const struct tw_stress *s, struct tw_promise *p)
{
	struct tw_spread after = spread(&s->target[TW_DSN], TW_POOLER_PSS_CLIENT);

	p->before = spread(&s->target[TW_VERSUS], TW_POSTGRES_PSS).value / 1024;
	if (isnan(p->before))
		p->before = spread(&s->target[TW_DSN], TW_POSTGRES_PSS).value / 1024;
	p->value = after.value / 1024;
	p->min = after.min / 1024;
	p->max = after.max / 1024;
}

/* ratio: transactions per second, after by before, round by round. */
static void
ratio(const struct tw_stress *s, struct tw_promise *p)
{
	const struct tw_target *a = &s->target[TW_DSN], *b = &s->target[TW_VERSUS];
	size_t n = a->rounds < b->rounds ? a->rounds : b->rounds;

	p->before = n > 0 ? 1 : NAN;
	p->value = spread(a, TW_PER_SECOND).value / spread(b, TW_PER_SECOND).value;
	for (size_t i = 0; i < n; i++) {
		double one = a->round[i].value[TW_PER_SECOND] / b->round[i].value[TW_PER_SECOND];

		p->min = fmin(p->min, one);
		p->max = fmax(p->max, one);
	}
}

/* held: bots that logged in and were still there at the end. */
static void
held(const struct tw_stress *s, struct tw_promise *p)
{
	figure(s, TW_SURVIVORS, 1, p);
}

/* latency: what the pooler adds to one query. */
static void
latency(const struct tw_stress *s, struct tw_promise *p)
{
	const struct tw_overhead *o = &s->overhead;

	if (o->pairs == 0)
		return;
	p->before = o->base_ms;
	p->value = o->difference_ms;
	p->min = o->min_ms;
	p->max = o->max_ms;
}

void
tw_promises_fill(const struct tw_stress *s, struct tw_promise out[TW_PROMISES])
{
	static const struct tw_promise plan[TW_PROMISES] = {
		{ "login_success", "logins that succeed", "%", true, 99, NAN, NAN, NAN, NAN },
		{ "server_connections", "server connections at most", "", false, 30, NAN, NAN, NAN,
		  NAN },
		{ "added_latency", "latency that the pooler adds", "ms", false, 1, NAN, NAN, NAN,
		  NAN },
		{ "connection_memory", "memory of a connection", "KiB", false, 400, NAN, NAN, NAN,
		  NAN },
		{ "throughput", "transactions per second, by those before", "x", true, 2, NAN, NAN,
		  NAN, NAN },
		{ "bots", "bots at once", "", true, 500, NAN, NAN, NAN, NAN },
	};

	memcpy(out, plan, sizeof(plan));
	figure(s, TW_LOGIN_SUCCESS, 100, &out[0]);
	figure(s, TW_PEAK, 1, &out[1]);
	latency(s, &out[2]);
	memory(s, &out[3]);
	ratio(s, &out[4]);
	held(s, &out[5]);
}

const char *
tw_promise_result(const struct tw_promise *p)
{
	if (isnan(p->value))
		return "not_measured";
	return (p->least ? p->value >= p->limit : p->value <= p->limit) ? "met" : "not_met";
}

const char *
tw_promise_confidence(const struct tw_promise *p, size_t rounds)
{
	bool low = p->least ? p->min >= p->limit : p->min <= p->limit;
	bool high = p->least ? p->max >= p->limit : p->max <= p->limit;

	if (isnan(p->value))
		return "none";
	if (rounds < 2)
		return "one round";
	return low == high ? "all rounds" : "some rounds";
}
