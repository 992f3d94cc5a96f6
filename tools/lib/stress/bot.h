/* SPDX-License-Identifier: ISC */
/*
 * bot.h: one client and the state it is in. It holds its connection and runs one transaction after
 * the other. When it does what is the swarm's decision.
 */
#pragma once

#include "client.h"
#include "ledger.h"
#include "script.h"
#include "tally.h"

enum tw_bot_state {
	TW_BOT_WAITING,    /* for its turn to log in */
	TW_BOT_CONNECTING, /* until the server is ready */
	TW_BOT_PROVING,    /* that somebody answers: a login through a pooler proves the pooler */
	TW_BOT_THINKING,   /* nothing is under way */
	TW_BOT_ASKING,     /* a transaction is */
	TW_BOT_SLEEPING,   /* in the midst of one */
	TW_BOT_OUT,        /* for good */
	TW_BOT_STATES,
};

/* What all bots of a run have in common. */
struct tw_bot_rules {
	struct tw_clients clients;
	const struct tw_script *script;
	tw_us login_deadline, deadline; /* for a login, for a transaction */
	bool reconnect;                 /* each transaction has a connection of its own */
	bool come_back;                 /* who has lost a connection gets another one */
	tw_us counts_from;              /* transactions that begin earlier are warm-up */
	struct tw_ledger *ledger;       /* or NULL; the script then sets `serial` */
	struct tw_tally *tally;         /* where everything is counted */
	struct tw_buf sql;              /* a statement with its variables, while it is sent */
};

/* Zeroed it is WAITING; `number` counts from 0. */
struct tw_bot {
	enum tw_bot_state state;
	struct tw_client client;
	size_t number;
	tw_us since;          /* began what it does, or should have */
	tw_us due;            /* something must happen: the deadline, or earlier */
	tw_us late;           /* the deadline */
	size_t command;       /* of the script, the one under way; all of them: a ROLLBACK */
	bool failed;          /* what it does has been counted as a failure */
	bool counts;          /* a transaction that is no warm-up */
	bool proved;          /* it was logged in once */
	bool cancelled;       /* the statement under way */
	tw_us cancel_at;      /* when to cancel it; 0: never */
	tw_us cancel_after;   /* the same for the next statement */
	long serial;          /* of the ledger */
	uint64_t random;      /* state of its own random numbers */
	int64_t *variable;    /* of the script; allocated */
};

/*
 * Each of these takes a bot one step on and counts what comes of it; a bot whose connection is
 * gone, or whose answer is late, is OUT, or THINKING where it may come back. They fail with
 * EX_OSERR, without memory, only.
 */

/* tw_bot_login begins to connect; for a WAITING bot, which should have begun at `since`. */
bool tw_bot_login(struct tw_bot *b, tw_us since, struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_ask begins a transaction that should have begun at `since`; for a THINKING bot. */
bool tw_bot_ask(struct tw_bot *b, tw_us since, struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_ready does what its socket allows, after it was found ready. */
bool tw_bot_ready(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_due does what is due in the midst of a login or a transaction: goes on, or ends it. */
bool tw_bot_due(struct tw_bot *b, tw_us now, struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_leave hangs up, counts nothing and frees. */
void tw_bot_leave(struct tw_bot *b);
