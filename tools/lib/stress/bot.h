/* SPDX-License-Identifier: ISC */
/*
 * bot.h: one client: a connection that never blocks, and the state it is in. It holds its
 * connection and runs one transaction after the other. When it does what is the swarm's decision.
 */
#pragma once

#include "pg/pg.h"
#include "script.h"
#include "tally.h"

enum tw_bot_state {
	TW_BOT_WAITING,    /* for its turn to log in */
	TW_BOT_CONNECTING, /* until the server is ready */
	TW_BOT_PROVING,    /* that somebody answers: a login through a pooler proves the pooler */
	TW_BOT_THINKING,   /* logged in, and nothing asked */
	TW_BOT_ASKING,     /* a transaction is under way */
	TW_BOT_OUT,        /* for good */
};

/* What all bots of a run have in common. */
struct tw_bot_rules {
	const struct tw_pg_params *params;
	const struct tw_script *script;
	tw_us login_deadline, deadline; /* for a login, for a transaction */
	struct tw_tally *tally;         /* where everything is counted */
};

/* Zeroed it is WAITING. */
struct tw_bot {
	enum tw_bot_state state;
	PGconn *conn;
	short events;         /* what its socket is to be polled for */
	tw_us since, due;     /* began what it does; must be done, or begins the next */
	size_t statement;     /* of the transaction, the one that was sent */
	bool failed;          /* what it does has been counted as a failure */
	char last_words[256]; /* of a server that speaks without being asked */
};

/*
 * Each of these takes a bot one step on and counts what comes of it; a bot whose connection is
 * gone, or whose answer is late, is OUT. They fail with EX_OSERR, without memory, only.
 */

/* tw_bot_login begins to connect; for a WAITING bot. */
bool tw_bot_login(struct tw_bot *b, tw_us now, const struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_ask begins a transaction; for a THINKING bot. */
bool tw_bot_ask(struct tw_bot *b, tw_us now, const struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_ready does what its socket allows, after poll has found it ready. */
bool tw_bot_ready(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_late ends a bot that was due in the midst of a login or a transaction. */
bool tw_bot_late(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e);

/* tw_bot_leave hangs up and counts nothing. */
void tw_bot_leave(struct tw_bot *b);
