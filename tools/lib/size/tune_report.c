/* SPDX-License-Identifier: ISC */
/* tune_report.c: the points as rows and as JSON. */
#include "stress/page_parts.h"
#include "tune_report.h"

#include <math.h>

/* So many signs are the longest bar of the table. */
#define BAR 30

long
tw_tune_recommended(const struct tw_tune *t, long fits)
{
	return t->knee != TW_TUNE_NONE && fits > 0 && fits < t->knee ? fits : t->knee;
}

bool
tw_tune_table(const struct tw_tune *t, long fits, struct tw_buf *b, struct tw_err *e)
{
	static const char signs[] = "##############################";
	double best = 0;
	bool ok = tw_buf_printf(b, e, "%9s  %12s  %9s  %9s  %7s\n", "pool size", "per second",
	                        "p50, ms", "p99, ms", "servers");

	for (size_t i = 0; i < t->n; i++)
		best = fmax(best, t->point[i].per_second);
	for (size_t i = 0; ok && i < t->n; i++) {
		const struct tw_tune_point *p = &t->point[i];
		int bar = best > 0 && p->per_second > 0 ? (int)(p->per_second / best * BAR) : 0;

		ok = tw_buf_printf(b, e, "%9ld  %12.1f  %9.3f  %9.3f  %7.0f  %.*s%s\n", p->size,
		                   p->per_second, p->p50_ms, p->p99_ms, p->server_connections, bar,
		                   signs, p->size == t->knee ? " <- knee" : "");
	}
	if (!ok || t->knee == TW_TUNE_NONE)
		return ok && tw_buf_printf(b, e, "no knee: no transaction succeeded\n");
	return tw_buf_printf(b, e,
	                     "default_pool_size %ld reaches %.0f %% of the best rate; it was %ld\n"
	                     "recommended: default_pool_size %ld%s\n",
	                     t->knee, TW_TUNE_ENOUGH * 100, t->before, tw_tune_recommended(t, fits),
	                     fits > 0 && fits < t->knee ? ", since PostgreSQL has no room for more"
	                                                : "");
}

/* size_json is a pool size, null where there is none. */
static json_t *
size_json(long size)
{
	return size > 0 ? json_integer(size) : json_null();
}

bool
tw_tune_json(const struct tw_tune *t, long fits, json_t *report, struct tw_err *e)
{
	json_t *curve = json_array(), *all;
	bool ok;

	for (size_t i = 0; i < t->n; i++) {
		const struct tw_tune_point *p = &t->point[i];

		json_array_append_new(
		    curve,
		    json_pack("{sI so so so so so}", "pool_size", (json_int_t)p->size, "per_second",
		              tw_figures_number(p->per_second), "p50_ms",
		              tw_figures_number(p->p50_ms), "p99_ms", tw_figures_number(p->p99_ms),
		              "success", tw_figures_number(p->success), "server_connections",
		              tw_figures_number(p->server_connections)));
	}
	all = json_pack("{s{sI sI so so so so}}", "tune", "bots", (json_int_t)t->stress->swarm.bots,
	                "pool_size_before", (json_int_t)t->before, "knee", size_json(t->knee),
	                "fits", size_json(fits), "recommended",
	                size_json(tw_tune_recommended(t, fits)), "curve", curve);
	ok = all != NULL && json_object_update(report, all) == 0;
	json_decref(all);
	return ok || tw_fail(e, EX_OSERR, "out of memory");
}

bool
tw_tune_page(const json_t *report, struct tw_buf *out, struct tw_err *e)
{
	struct tw_page p = { report, out, e, true };

	tw_page_begin(&p, "twpool-size --tune");
	tw_page_fill(&p, "", "<p>{time}</p>\n");
	tw_page_curve(&p);
	tw_page_end(&p);
	return p.ok;
}
