/* SPDX-License-Identifier: ISC */
/* clock.h: the clock that nobody sets, for deadlines. */
#pragma once

#include <time.h>

/* tw_clock_ms is CLOCK_MONOTONIC in milliseconds. */
static inline long long
tw_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
