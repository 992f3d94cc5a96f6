/* SPDX-License-Identifier: ISC */
/* latency.c: a growing array, sorted once. */
#include "base/clock.h"
#include "latency.h"

#include <math.h>
#include <stdlib.h>

tw_us
tw_us_now(void)
{
	return tw_clock_us();
}

void
tw_latencies_free(struct tw_latencies *l)
{
	free(l->us);
	*l = (struct tw_latencies)TW_LATENCIES_INIT;
}

bool
tw_latencies_add(struct tw_latencies *l, tw_us us, struct tw_err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? 2 * l->cap : 1024;
		uint32_t *grown = reallocarray(l->us, cap, sizeof(*grown));

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory after %zu latencies", l->n);
		l->us = grown;
		l->cap = cap;
	}
	l->us[l->n++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	return true;
}

/* us_compare orders two latencies for qsort. */
static int
us_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void
tw_latencies_sort(struct tw_latencies *l)
{
	if (l->n > 0)
		qsort(l->us, l->n, sizeof(*l->us), us_compare);
}

double
tw_latencies_ms(const struct tw_latencies *l, double percent)
{
	/* A thousandth is exact in what follows, and a product that should be whole is. */
	size_t rank = (size_t)ceil((double)l->n * percent / 100 - 1e-9);

	return rank > 0 ? (double)l->us[rank - 1] / 1000 : NAN;
}
