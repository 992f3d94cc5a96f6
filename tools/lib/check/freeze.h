/* SPDX-License-Identifier: ISC */
/*
 * freeze.h: tells a pool that is frozen for good from one that is merely slow.
 *
 * A server that holds one lock around every call of libpq freezes as soon as all server connections
 * of its pool are in open transactions: whoever holds the lock waits for a server connection, and
 * whoever could COMMIT waits for the lock. Logins go on succeeding; nothing else ever does again.
 */
#pragma once

#include "stress/sample.h"

/* Ordered: a higher one is worse. */
enum tw_flow {
	TW_FLOW_FREE,    /* no client waits */
	TW_FLOW_BUSY,    /* clients wait, and some server connection is at work */
	TW_FLOW_UNKNOWN, /* clients wait, and nobody could ask PostgreSQL what for */
	TW_FLOW_HELD,    /* every server connection is held by an open transaction, clients wait */
	TW_FLOW_FROZEN,  /* the same, for longer than any transaction takes */
};

/* What is known of one pool's flow. The times are in us. */
struct tw_flow_state {
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
	enum tw_flow flow;
	int same;              /* samples in a row in which nothing happened but waiting */
	tw_ms since;           /* the first of them */
	long servers, waiting; /* as in the last sample */
	long long still_us, maxwait_us, last_change;
};

/* The detector: zero it, set freeze_us, and let it observe samples in the order of time. */
struct tw_freeze {
	long long freeze_us; /* nothing happened for so long: longer than any transaction takes */
	size_t n;
	struct tw_flow_state *pool;
};

/* 15 s: longer than the longest transaction of a player that we know of (10 s). */
#define TW_FREEZE_SECONDS 15

#define TW_FREEZE_INIT                                 \
	{                                              \
		TW_FREEZE_SECONDS * 1000000LL, 0, NULL \
	}

void tw_freeze_free(struct tw_freeze *f);

/*
 * tw_freeze_observe judges each pool of a sample in the light of those before. A pool is FROZEN
 * where in at least three samples, over at least 400 ms, all of its server connections are held,
 * nothing changed in any of them for freeze_us, and a client waits for longer each time. A sample
 * that is UNKNOWN ends what was seen before. EX_OSERR without memory.
 */
bool tw_freeze_observe(struct tw_freeze *f, const struct tw_sample *s, struct tw_err *e);

/* tw_freeze_worst is the pool with the worst flow, or NULL where there is no pool. Borrowed. */
const struct tw_flow_state *tw_freeze_worst(const struct tw_freeze *f);

/*
 * tw_freeze_wants_more tells whether another sample, taken 250 ms later, could make a pool FROZEN:
 * it is held, and has been for freeze_us.
 */
bool tw_freeze_wants_more(const struct tw_freeze *f);

/* tw_freeze_text says what a state is, in one line; tw_freeze_cures the two ways out of it. */
void tw_freeze_text(const struct tw_flow_state *state, char *out, size_t size);
const char *tw_freeze_cures(void);

/* tw_flow_word is "free", "busy", "unknown", "held" or "frozen". */
const char *tw_flow_word(enum tw_flow flow);
