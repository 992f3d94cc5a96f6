/* SPDX-License-Identifier: ISC */
/*
 * latency.h: how long things took, each one kept, so that percentiles are exact. A latency takes
 * four bytes: a million transactions are 4 MB.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* A time of CLOCK_MONOTONIC, or a span of it, in microseconds. */
typedef long long tw_us;

tw_us tw_us_now(void);

struct tw_latencies {
	size_t n, cap;
	uint32_t *us;
};

#define TW_LATENCIES_INIT  \
	{                  \
		0, 0, NULL \
	}

void tw_latencies_free(struct tw_latencies *l);

/* tw_latencies_add keeps one more; beyond 71 minutes it counts as that. EX_OSERR without memory. */
bool tw_latencies_add(struct tw_latencies *l, tw_us us, struct tw_err *e);

/* tw_latencies_sort must come between the last addition and the first percentile. */
void tw_latencies_sort(struct tw_latencies *l);

/*
 * tw_latencies_ms is a percentile (1 to 100, which is the maximum) by the nearest-rank definition:
 * the smallest latency that at least so many per cent do not exceed. In ms; NAN where there is
 * none.
 */
double tw_latencies_ms(const struct tw_latencies *l, double percent);
