/* SPDX-License-Identifier: ISC */
/* clock.h: the clock that nobody sets, for deadlines and spans. */
#pragma once

#include <time.h>

/* tw_clock_us is CLOCK_MONOTONIC in microseconds. */
static inline long long
tw_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* tw_clock_ms is the same in milliseconds. */
static inline long long
tw_clock_ms(void)
{
	return tw_clock_us() / 1000;
}
