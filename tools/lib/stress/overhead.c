/* SPDX-License-Identifier: ISC */
/* overhead.c: pairs of queries, and the medians of their blocks. */
#include "overhead.h"

#include <poll.h>
#include <stdlib.h>

/* Pairs that nobody counts: for caches, and the pooler's first server connection. */
#define WARM_UP 20

/* The two connections and what was measured, in the order of time. 0: base, 1: over. */
struct pairs {
	PGconn *conn[2];
	struct tw_latencies all[2];
	tw_ms timeout;
};

/* side_ask runs one query and keeps its latency. */
static bool
side_ask(struct pairs *p, int side, bool keep, struct tw_err *e)
{
	tw_us since = tw_us_now();

	if (!tw_pg_exec(p->conn[side], "SELECT 1", tw_pg_now() + p->timeout, NULL, e))
		return tw_context(e, "%s", side == 0 ? "--versus" : "--dsn");
	return !keep || tw_latencies_add(&p->all[side], tw_us_now() - since, e);
}

/* side_connect opens one of the two connections. */
static bool
side_connect(struct pairs *p, int side, const struct tw_pg_params *params, struct tw_err *e)
{
	return tw_pg_connect(params, tw_pg_now() + p->timeout, &p->conn[side], e) ||
	       tw_context(e, "%s", side == 0 ? "--versus" : "--dsn");
}

/* block_median is the p50 of n latencies from the one numbered `from`, in ms. */
static bool
block_median(const struct tw_latencies *all, size_t from, size_t n, double *ms, struct tw_err *e)
{
	struct tw_latencies block = TW_LATENCIES_INIT;
	bool ok = true;

	for (size_t i = from; ok && i < from + n; i++)
		ok = tw_latencies_add(&block, all->us[i], e);
	tw_latencies_sort(&block);
	*ms = tw_latencies_ms(&block, 50);
	tw_latencies_free(&block);
	return ok;
}

/* double_compare orders two numbers for qsort. */
static int
double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* blocks_judge fills in the spread of the differences; a rest that fills no block is left out. */
static bool
blocks_judge(const struct pairs *p, struct tw_overhead *out, struct tw_err *e)
{
	size_t n = p->all[0].n / TW_OVERHEAD_BLOCKS;
	double difference[TW_OVERHEAD_BLOCKS], base, over;

	for (size_t i = 0; i < TW_OVERHEAD_BLOCKS; i++) {
		if (!block_median(&p->all[0], i * n, n, &base, e) ||
		    !block_median(&p->all[1], i * n, n, &over, e))
			return false;
		difference[i] = over - base;
	}
	qsort(difference, TW_OVERHEAD_BLOCKS, sizeof(*difference), double_compare);
	out->min_ms = difference[0];
	out->q1_ms = difference[TW_OVERHEAD_BLOCKS / 4];
	out->q3_ms = difference[TW_OVERHEAD_BLOCKS * 3 / 4];
	out->max_ms = difference[TW_OVERHEAD_BLOCKS - 1];
	return true;
}

/* pairs_run measures until it has enough, or a signal arrives. */
static bool
pairs_run(struct pairs *p, long pairs, int signals, bool *ended, struct tw_err *e)
{
	struct pollfd fd = { .fd = signals, .events = POLLIN };

	for (long i = -WARM_UP; i < pairs && !*ended; i++) {
		int first = (int)(i & 1);

		if (!side_ask(p, first, i >= 0, e) || !side_ask(p, !first, i >= 0, e))
			return false;
		*ended = poll(&fd, 1, 0) > 0;
	}
	return true;
}

bool
tw_overhead_measure(const struct tw_pg_params *base, const struct tw_pg_params *over, long pairs,
                    tw_ms timeout, int signals, struct tw_overhead *out, struct tw_err *e)
{
	struct pairs p = { .timeout = timeout };
	struct tw_overhead own = { 0 };
	bool ok = side_connect(&p, 0, base, e) && side_connect(&p, 1, over, e) &&
	          pairs_run(&p, pairs, signals, &own.interrupted, e);

	own.pairs = (long)p.all[0].n;
	if (ok && own.pairs >= TW_OVERHEAD_BLOCKS)
		ok = block_median(&p.all[0], 0, p.all[0].n, &own.base_ms, e) &&
		     block_median(&p.all[1], 0, p.all[1].n, &own.over_ms, e) &&
		     blocks_judge(&p, &own, e);
	else
		own.pairs = 0;
	own.difference_ms = own.over_ms - own.base_ms;
	for (int i = 0; i < 2; i++) {
		PQfinish(p.conn[i]);
		tw_latencies_free(&p.all[i]);
	}
	if (ok)
		*out = own;
	return ok;
}
