/* SPDX-License-Identifier: ISC */
/*
 * swarm.h: one run: N bots log in, hold their connections and run transactions, in one loop of one
 * thread (epoll). First all log in; when the last of them is in or refused, the transactions begin,
 * so that the work of logging in is in no transaction's latency.
 */
#pragma once

#include "bot.h"
#include "gauge.h"

/*
 * So many are logging in at any time, where nobody says otherwise: as many as PgBouncer lets wait
 * to be accepted (listen_backlog). Beyond it a Unix socket refuses, and the bots would measure that.
 */
#define TW_SWARM_LOGINS 128

/* How far a run is. */
struct tw_swarm_now {
	const struct tw_tally *tally;
	bool logins;         /* the phase: of logins, or of transactions */
	double seconds_left; /* of the phase of transactions */
	long second;         /* of the run, from 1 on */
};

struct tw_swarm_plan {
	struct tw_clients clients;
	const struct tw_script *script;
	long bots;
	long logins_at_once; /* 0: all */
	double login_rate;   /* per second; 0: as fast as they can */
	tw_us warmup;        /* before the phase of transactions is measured */
	tw_us duration;      /* of the phase of transactions, measured; 0: none */
	tw_us think;    /* the mean pause; each is uniformly 0.5 to 1.5 of it, the first 0 to 1 */
	double rate;    /* transactions that arrive per second, and nobody thinks; 0: they think */
	tw_us login_deadline, deadline;
	bool reconnect, come_back; /* as in bot.h */
	struct tw_ledger *ledger;
	struct tw_gauge *gauge; /* marked at the borders of the phases; may be NULL */
	int signals; /* a descriptor that becomes readable when the run must end at once; or -1 */
	void (*progress)(void *arg, const struct tw_swarm_now *now); /* each second; may be NULL */
	void *arg;
};

/*
 * tw_swarm_run fills a zeroed tally, which the caller frees in any case. That bots fail is no
 * error; EX_OSERR without memory or where poll fails. In a run that is interrupted, what is under
 * way counts as never begun.
 */
bool tw_swarm_run(const struct tw_swarm_plan *plan, struct tw_tally *t, struct tw_err *e);
