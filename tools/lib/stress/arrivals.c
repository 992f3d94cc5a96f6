/* SPDX-License-Identifier: ISC */
/* arrivals.c: exponential gaps, and a ring. */
#include "arrivals.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>

void
tw_arrivals_free(struct tw_arrivals *a)
{
	free(a->waiting);
	*a = (struct tw_arrivals)TW_ARRIVALS_INIT;
}

/* gap is the time to the next arrival. */
static tw_us
gap(struct tw_arrivals *a)
{
	return (tw_us)(-log(1 - tw_random_share(&a->random)) / a->rate * 1e6);
}

void
tw_arrivals_begin(struct tw_arrivals *a, double rate, tw_us now, tw_us end)
{
	a->rate = rate;
	a->random = 7;
	a->end = end;
	a->next = rate > 0 ? now + gap(a) : end;
}

/* wait_add lets one more wait. */
static bool
wait_add(struct tw_arrivals *a, tw_us since, struct tw_err *e)
{
	if (a->n == a->cap) {
		size_t cap = a->cap > 0 ? 2 * a->cap : 256;
		tw_us *grown = calloc(cap, sizeof(*grown));

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory with %zu arrivals waiting", a->n);
		for (size_t i = 0; i < a->n; i++)
			grown[i] = a->waiting[(a->first + i) % a->cap];
		free(a->waiting);
		a->waiting = grown;
		a->cap = cap;
		a->first = 0;
	}
	a->waiting[(a->first + a->n++) % a->cap] = since;
	return true;
}

bool
tw_arrivals_until(struct tw_arrivals *a, tw_us now, struct tw_err *e)
{
	while (a->next <= now && a->next < a->end) {
		if (!wait_add(a, a->next, e))
			return false;
		a->next += gap(a);
	}
	return true;
}

bool
tw_arrivals_oldest(const struct tw_arrivals *a, tw_us *since)
{
	if (a->n == 0)
		return false;
	*since = a->waiting[a->first];
	return true;
}

bool
tw_arrivals_take(struct tw_arrivals *a, tw_us *since)
{
	if (!tw_arrivals_oldest(a, since))
		return false;
	a->first = (a->first + 1) % a->cap;
	a->n--;
	return true;
}
