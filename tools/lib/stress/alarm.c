/* SPDX-License-Identifier: ISC */
/* alarm.c: a binary heap that knows where each number is. */
#include "alarm.h"

#include <stdlib.h>

bool
tw_alarms_make(struct tw_alarms *a, size_t n, struct tw_err *e)
{
	*a = (struct tw_alarms){ .n = n };
	a->at = calloc(n, sizeof(*a->at));
	a->heap = calloc(n, sizeof(*a->heap));
	a->place = calloc(n, sizeof(*a->place));
	if (a->at == NULL || a->heap == NULL || a->place == NULL) {
		tw_alarms_free(a);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		a->place[i] = SIZE_MAX;
	return true;
}

void
tw_alarms_free(struct tw_alarms *a)
{
	free(a->at);
	free(a->heap);
	free(a->place);
	*a = (struct tw_alarms)TW_ALARMS_INIT;
}

/* put places number i at `where` in the heap. */
static void
put(struct tw_alarms *a, size_t where, size_t i)
{
	a->heap[where] = i;
	a->place[i] = where;
}

/* rise moves number i from `where` towards the top as far as it belongs there. */
static void
rise(struct tw_alarms *a, size_t where, size_t i)
{
	while (where > 0 && a->at[a->heap[(where - 1) / 2]] > a->at[i]) {
		put(a, where, a->heap[(where - 1) / 2]);
		where = (where - 1) / 2;
	}
	put(a, where, i);
}

/* sink moves number i from `where` away from the top. */
static void
sink(struct tw_alarms *a, size_t where, size_t i)
{
	for (size_t child; (child = 2 * where + 1) < a->set; where = child) {
		if (child + 1 < a->set && a->at[a->heap[child + 1]] < a->at[a->heap[child]])
			child++;
		if (a->at[a->heap[child]] >= a->at[i])
			break;
		put(a, where, a->heap[child]);
	}
	put(a, where, i);
}

void
tw_alarms_set(struct tw_alarms *a, size_t i, tw_us at)
{
	tw_us before = a->at[i];

	a->at[i] = at;
	if (a->place[i] == SIZE_MAX)
		rise(a, a->set++, i);
	else if (at < before)
		rise(a, a->place[i], i);
	else
		sink(a, a->place[i], i);
}

void
tw_alarms_clear(struct tw_alarms *a, size_t i)
{
	size_t where = a->place[i], last;

	if (where == SIZE_MAX)
		return;
	a->place[i] = SIZE_MAX;
	last = a->heap[--a->set];
	if (last == i)
		return;
	put(a, where, last);
	rise(a, where, last);
	sink(a, a->place[last], last);
}

bool
tw_alarms_first(const struct tw_alarms *a, size_t *i, tw_us *at)
{
	if (a->set == 0)
		return false;
	*i = a->heap[0];
	*at = a->at[*i];
	return true;
}
