/* SPDX-License-Identifier: ISC */
/* tune_report.c: numbers in rows, and one picture. */
#include "page/page.h"
#include "tune_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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
	                     t->knee, TW_TUNE_ENOUGH * 100, t->before,
	                     tw_tune_recommended(t, fits),
	                     fits > 0 && fits < t->knee ? ", since PostgreSQL has no room for more"
	                                                : "");
}

/* number_json is a number with three decimals, null for NAN. */
static json_t *
number_json(double x)
{
	return tw_figures_number(x);
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
		    curve, json_pack("{sI so so so so so}", "pool_size", (json_int_t)p->size,
		                     "per_second", number_json(p->per_second), "p50_ms",
		                     number_json(p->p50_ms), "p99_ms", number_json(p->p99_ms),
		                     "success", number_json(p->success), "server_connections",
		                     number_json(p->server_connections)));
	}
	all = json_pack("{s{sI sI so so so so}}", "tune", "bots",
	                (json_int_t)t->stress->swarm.bots, "pool_size_before",
	                (json_int_t)t->before, "knee", size_json(t->knee), "fits", size_json(fits),
	                "recommended", size_json(tw_tune_recommended(t, fits)), "curve", curve);
	ok = all != NULL && json_object_update(report, all) == 0;
	json_decref(all);
	return ok || tw_fail(e, EX_OSERR, "out of memory");
}

/* curve_put is the curve as a table and as a picture. */
static void
curve_put(struct tw_page *p)
{
	static const char *const keys[] = { "pool_size", "per_second", "p50_ms", "p99_ms",
		                            "server_connections" };
	const json_t *curve = tw_page_at(p, "tune.curve");
	size_t n = json_array_size(curve);
	double *x = calloc(n + 1, sizeof(*x)), *y = calloc(n + 1, sizeof(*y));
	struct tw_series series = { "transactions per second", 0, n, x, y };
	char path[64];

	tw_page_put(p, "<table>\n<thead><tr><th scope=\"col\">pool size</th><th "
	               "scope=\"col\">transactions per second</th><th scope=\"col\">p50, ms</th><th "
	               "scope=\"col\">p99, ms</th><th scope=\"col\">server connections</th></tr>"
	               "</thead>\n<tbody>\n");
	for (size_t i = 0; i < n; i++) {
		tw_page_put(p, "<tr>");
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			snprintf(path, sizeof(path), "tune.curve.%zu.%s", i, keys[k]);
			tw_page_put(p, "<td>");
			tw_page_figure(p, path);
			tw_page_put(p, "</td>");
			if (x != NULL && y != NULL && k < 2)
				(k == 0 ? x : y)[i] = tw_page_number(p, path);
		}
		tw_page_put(p, "</tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
	if (x != NULL && y != NULL)
		tw_page_lines(p, "Transactions per second over the size of the pool",
		              "The rate over default_pool_size, as in the table above.",
		              "default_pool_size", "per second", &series, 1, false, NAN);
	free(x);
	free(y);
}

bool
tw_tune_page(const json_t *report, struct tw_buf *out, struct tw_err *e)
{
	struct tw_page p = { report, out, e, true };

	tw_page_begin(&p, "twpool-size --tune");
	tw_page_put(&p, "<p>");
	tw_page_figure(&p, "time");
	tw_page_put(&p, ". ");
	tw_page_figure(&p, "tune.bots");
	tw_page_put(&p, " bots. default_pool_size was ");
	tw_page_figure(&p, "tune.pool_size_before");
	tw_page_put(&p, "; the smallest that reaches 95 per cent of the best rate is ");
	tw_page_figure(&p, "tune.knee");
	tw_page_put(&p, "; PostgreSQL has room for ");
	tw_page_figure(&p, "tune.fits");
	tw_page_put(&p, ". Recommended: <strong>");
	tw_page_figure(&p, "tune.recommended");
	tw_page_put(&p, "</strong>.</p>\n");
	curve_put(&p);
	tw_page_end(&p);
	return p.ok;
}
