/* SPDX-License-Identifier: ISC */
/*
 * histogram.h: a distribution for a picture: as in an HdrHistogram, each power of two of
 * microseconds in 16 equal parts, so that a bar's edges are within 6 % of each value in it.
 */
#pragma once

#include "latency.h"

#define TW_HISTOGRAM_PARTS 16
#define TW_HISTOGRAM_BARS (29 * TW_HISTOGRAM_PARTS) /* values are of 32 bits */

struct tw_histogram {
	long n;
	long *bar; /* TW_HISTOGRAM_BARS, or NULL while empty */
};

#define TW_HISTOGRAM_INIT \
	{                 \
		0, NULL   \
	}

void tw_histogram_free(struct tw_histogram *h);

/* tw_histogram_add adds latencies. EX_OSERR. */
bool tw_histogram_add(struct tw_histogram *h, const struct tw_latencies *l, struct tw_err *e);

/* tw_histogram_low is the lowest value of a bar, in us; that of the next is where it ends. */
double tw_histogram_low(size_t bar);
