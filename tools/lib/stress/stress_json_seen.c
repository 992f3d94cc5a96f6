/* SPDX-License-Identifier: ISC */
/* stress_json_seen.c: the verdict, and what the pictures of a report are drawn from. */
#include "stress_json.h"

#include <math.h>

json_t *
tw_json_causes(const struct tw_stress *s)
{
	struct tw_causes causes;
	json_t *list = json_array();

	tw_causes_find(s, &causes);
	for (size_t i = 0; i < causes.n; i++)
		json_array_append_new(list, json_pack("{ss ss so ss}", "name", causes.item[i].name,
		                                      "what", causes.item[i].what, "evidence",
		                                      tw_json_name(causes.item[i].evidence), "setting",
		                                      causes.item[i].setting));
	return list;
}

json_t *
tw_json_promises(const struct tw_stress *s)
{
	struct tw_promise promise[TW_PROMISES];
	json_t *list;

	if (!s->versus || s->target[TW_DSN].rounds == 0)
		return json_null();
	list = json_array();
	tw_promises_fill(s, promise);
	for (int i = 0; i < TW_PROMISES; i++) {
		const struct tw_promise *p = &promise[i];

		json_array_append_new(
		    list, json_pack("{ss ss ss ss sf so so so so ss ss}", "name", p->name, "what",
		                    p->what, "unit", p->unit, "needed", p->least ? ">=" : "<=",
		                    "limit", p->limit, "before", tw_figures_number(p->before),
		                    "value", tw_figures_number(p->value), "min",
		                    tw_figures_number(p->min), "max", tw_figures_number(p->max),
		                    "result", tw_promise_result(p), "confidence",
		                    tw_promise_confidence(p, s->target[TW_DSN].rounds)));
	}
	return list;
}

json_t *
tw_json_ledger(const struct tw_ledger *l)
{
	if (!l->audited)
		return json_null();
	return json_pack("{sI sI sI sI sI sI sI}", "committed", (json_int_t)l->committed, "lost",
	                 (json_int_t)l->lost, "doubled", (json_int_t)l->doubled, "given_up",
	                 (json_int_t)l->given_up, "given_up_and_there", (json_int_t)l->ghosts,
	                 "without_answer", (json_int_t)l->open, "without_answer_and_there",
	                 (json_int_t)l->open_found);
}

json_t *
tw_json_histogram(const struct tw_histogram *h)
{
	json_t *list = json_array();

	for (size_t i = 0; h->bar != NULL && i < TW_HISTOGRAM_BARS; i++) {
		if (h->bar[i] > 0)
			json_array_append_new(
			    list, json_pack("[o o I]", tw_figures_number(tw_histogram_low(i) / 1000),
			                    tw_figures_number(tw_histogram_low(i + 1) / 1000),
			                    (json_int_t)h->bar[i]));
	}
	return list;
}

/* count_json is a count, null where it is not known. */
static json_t *
count_json(long n)
{
	return n >= 0 ? json_integer(n) : json_null();
}

json_t *
tw_json_points(const struct tw_target *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->points; i++) {
		const struct tw_gauge_point *p = &t->point[i];

		json_array_append_new(
		    list, json_pack("{so so so sI sI sI}", "seconds", tw_figures_number(p->seconds),
		                    "pooled", count_json(p->pooled), "direct",
		                    count_json(p->direct), "waiting", (json_int_t)p->waiting, "active",
		                    (json_int_t)p->active, "clients", (json_int_t)p->clients));
	}
	return list;
}

/* share_json is a share, not rounded: 0.9996 is not 1. */
static json_t *
share_json(double x)
{
	return isnan(x) ? json_null() : json_real(x);
}

/* whole_json is a whole number, null for NAN. */
static json_t *
whole_json(double x)
{
	return isnan(x) ? json_null() : json_integer((json_int_t)x);
}

json_t *
tw_json_sweep(const struct tw_stress *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->sweep_n; i++) {
		const struct tw_sweep *one = &s->sweep[i];

		json_array_append_new(
		    list, json_pack("{sI so so so so}", "bots", (json_int_t)one->bots, "dsn_success",
		                    share_json(one->success[TW_DSN]), "dsn_peak",
		                    whole_json(one->peak[TW_DSN]), "versus_success",
		                    share_json(one->success[TW_VERSUS]), "versus_peak",
		                    whole_json(one->peak[TW_VERSUS])));
	}
	return list;
}
