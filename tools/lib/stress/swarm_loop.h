/* SPDX-License-Identifier: ISC */
/* swarm_loop.h: the loop below the phases of a swarm; for swarm.c only. */
#pragma once

#include "alarm.h"
#include "arrivals.h"
#include "swarm.h"

#define SECOND 1000000

/* A bot as the loop sees it. */
struct tw_swarm_bot {
	struct tw_bot bot;
	tw_us next;          /* begins its next transaction then */
	int fd;              /* that epoll knows; -1: none */
	unsigned events;     /* what epoll was told */
	bool idle;           /* is in tw_swarm.idle */
};

struct tw_swarm {
	const struct tw_swarm_plan *plan;
	struct tw_bot_rules rules;
	size_t n;
	struct tw_swarm_bot *bot;
	struct tw_alarms alarms;
	struct tw_arrivals arrivals;
	size_t idle_n, *idle;      /* bots that wait for arrivals; some may have died */
	size_t in[TW_BOT_STATES];  /* how many bots are in each state */
	size_t next;               /* the first that has not begun to log in */
	bool playing;              /* the phase of transactions */
	bool measuring, ended;     /* warm-up is over; so is the phase */
	tw_us begun, from, end;    /* of the phase; of what is measured of it */
	double cpu;                /* of the thread when that began */
	tw_us next_progress;
	long second;
	uint64_t random;
	int epoll;
};

/* tw_swarm_make allocates for s->n bots; EX_OSERR. tw_swarm_free lets all bots leave. */
bool tw_swarm_make(struct tw_swarm *s, struct tw_err *e);
void tw_swarm_free(struct tw_swarm *s);

/* tw_swarm_login and tw_swarm_ask let bot i begin what it should have begun at `since`. */
bool tw_swarm_login(struct tw_swarm *s, size_t i, tw_us since, struct tw_err *e);
bool tw_swarm_ask(struct tw_swarm *s, size_t i, tw_us since, struct tw_err *e);

/*
 * tw_swarm_step waits until a bot can go on or is due, but not beyond `until`, and lets all that
 * can go on; *signalled: the run must end.
 */
bool tw_swarm_step(struct tw_swarm *s, tw_us until, bool *signalled, struct tw_err *e);

/* tw_swarm_rest is called when bot i has nothing to do any more (swarm.c): what does it do next? */
void tw_swarm_rest(struct tw_swarm *s, size_t i);
