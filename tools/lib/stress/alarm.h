/* SPDX-License-Identifier: ISC */
/* alarm.h: which of many bots is due first: a heap of numbers from 0 to n - 1 by their times. */
#pragma once

#include "latency.h"

struct tw_alarms {
	size_t n, set; /* numbers; of these, with a time */
	tw_us *at;     /* of each number */
	size_t *heap;  /* numbers, the earliest first */
	size_t *place; /* of each number in the heap; SIZE_MAX: it has no time */
};

#define TW_ALARMS_INIT \
	{              \
		0      \
	}

/* tw_alarms_make prepares for n numbers, none with a time; EX_OSERR. */
bool tw_alarms_make(struct tw_alarms *a, size_t n, struct tw_err *e);
void tw_alarms_free(struct tw_alarms *a);

/* tw_alarms_set gives a number a time, whether or not it had one. */
void tw_alarms_set(struct tw_alarms *a, size_t i, tw_us at);

/* tw_alarms_clear takes it away; fine where there is none. */
void tw_alarms_clear(struct tw_alarms *a, size_t i);

/* tw_alarms_first is the number that is due first; false where no number has a time. */
bool tw_alarms_first(const struct tw_alarms *a, size_t *i, tw_us *at);
