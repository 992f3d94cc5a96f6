/* SPDX-License-Identifier: ISC */
/* random.h: the same random numbers in each run (Vigna's splitmix64, public domain). */
#pragma once

#include <stdint.h>

/* tw_random_next is 64 random bits. */
static inline uint64_t
tw_random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* tw_random_share is a number from 0 up to, but not, 1. */
static inline double
tw_random_share(uint64_t *state)
{
	return (double)(tw_random_next(state) >> 11) / (double)((uint64_t)1 << 53);
}
