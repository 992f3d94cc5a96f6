/* SPDX-License-Identifier: ISC */
/* page_curve.c: the curve of pool sizes, as a table and as a picture. */
#include "page_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* picture_put draws the rate over the size of the pool. */
static void
picture_put(struct tw_page *p, size_t n)
{
	double *x = calloc(n + 1, sizeof(*x)), *y = calloc(n + 1, sizeof(*y));
	struct tw_series series = { "transactions per second", 0, n, x, y };
	char path[64];

	for (size_t i = 0; x != NULL && y != NULL && i < n; i++) {
		snprintf(path, sizeof(path), "tune.curve.%zu.pool_size", i);
		x[i] = tw_page_number(p, path);
		snprintf(path, sizeof(path), "tune.curve.%zu.per_second", i);
		y[i] = tw_page_number(p, path);
	}
	if (x != NULL && y != NULL)
		tw_page_lines(p, "Transactions per second over the size of the pool",
		              "The rate over default_pool_size, as in the table above.",
		              "default_pool_size", "per second", &series, 1, false, NAN);
	else
		p->ok = p->ok && tw_fail(p->e, EX_OSERR, "out of memory");
	free(x);
	free(y);
}

void
tw_page_curve(struct tw_page *p)
{
	size_t n = json_array_size(tw_page_at(p, "tune.curve"));

	tw_page_fill(
	    p, "tune",
	    "<p>{bots} bots through pools of each size. default_pool_size was "
	    "{pool_size_before}; the smallest that reaches 95 per cent of the best rate is "
	    "{knee}; PostgreSQL has room for {fits}. Recommended: "
	    "<strong>{recommended}</strong>.</p>\n<table>\n<thead><tr>"
	    "<th scope=\"col\">pool size</th><th scope=\"col\">transactions per second</th>"
	    "<th scope=\"col\">p50, ms</th><th scope=\"col\">p99, ms</th>"
	    "<th scope=\"col\">server connections</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < n; i++) {
		char at[40];

		snprintf(at, sizeof(at), "tune.curve.%zu", i);
		tw_page_fill(p, at,
		             "<tr><td>{pool_size}</td><td>{per_second}</td><td>{p50_ms}</td>"
		             "<td>{p99_ms}</td><td>{server_connections}</td></tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
	picture_put(p, n);
}
