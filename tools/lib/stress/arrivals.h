/* SPDX-License-Identifier: ISC */
/*
 * arrivals.h: an open loop. Transactions arrive at random moments (Poisson) whatever the server
 * does, and wait for a bot that has nothing to do. Latency counts from the arrival, so that a stall
 * is seen by all who came meanwhile (no coordinated omission).
 */
#pragma once

#include "latency.h"

struct tw_arrivals {
	double rate; /* per second; 0: there are none */
	uint64_t random;
	tw_us next, end; /* the next one; none from here on */
	size_t first, n, cap;
	tw_us *waiting; /* a ring: n of them from `first` */
};

#define TW_ARRIVALS_INIT \
	{                \
		0        \
	}

void tw_arrivals_free(struct tw_arrivals *a);

/* tw_arrivals_begin starts at `now`, until `end`. */
void tw_arrivals_begin(struct tw_arrivals *a, double rate, tw_us now, tw_us end);

/* tw_arrivals_until lets everybody arrive who does up to `now`. EX_OSERR without memory. */
bool tw_arrivals_until(struct tw_arrivals *a, tw_us now, struct tw_err *e);

/* tw_arrivals_take is the one that has waited longest; false where nobody waits. */
bool tw_arrivals_take(struct tw_arrivals *a, tw_us *since);

/* tw_arrivals_oldest is the same, and it goes on waiting. */
bool tw_arrivals_oldest(const struct tw_arrivals *a, tw_us *since);
