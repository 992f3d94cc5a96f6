/* SPDX-License-Identifier: ISC */
/* histogram.c: which bar a value is in. */
#include "histogram.h"

#include <stdlib.h>

void
tw_histogram_free(struct tw_histogram *h)
{
	free(h->bar);
	*h = (struct tw_histogram)TW_HISTOGRAM_INIT;
}

/* bar_of: the values below 16 have a bar each, 16 to 31 too, 32 to 63 one for two of them... */
static size_t
bar_of(uint32_t us)
{
	unsigned shift = us < 2 * TW_HISTOGRAM_PARTS ? 0 : 27 - (unsigned)__builtin_clz(us);

	return (size_t)shift * TW_HISTOGRAM_PARTS + (us >> shift);
}

bool
tw_histogram_add(struct tw_histogram *h, const struct tw_latencies *l, struct tw_err *e)
{
	if (h->bar == NULL)
		h->bar = calloc(TW_HISTOGRAM_BARS, sizeof(*h->bar));
	if (h->bar == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (size_t i = 0; i < l->n; i++)
		h->bar[bar_of(l->us[i])]++;
	h->n += (long)l->n;
	return true;
}

double
tw_histogram_low(size_t bar)
{
	size_t shift = bar < 2 * TW_HISTOGRAM_PARTS ? 0 : bar / TW_HISTOGRAM_PARTS - 1;

	return (double)((bar - shift * TW_HISTOGRAM_PARTS) << shift);
}
