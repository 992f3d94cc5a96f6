/* SPDX-License-Identifier: ISC */
/*
 * ledger.h: proof that no committed transaction was lost or doubled. Each transaction of a bot
 * inserts one row with a serial number of its own. What the bot was told - committed, given up
 * before its COMMIT was sent, or neither - is held against the rows that are there at the end.
 */
#pragma once

#include "pg/pg.h"

enum tw_ledger_outcome {
	TW_LEDGER_OPEN,      /* COMMIT was sent and nobody answered: either is right */
	TW_LEDGER_COMMITTED, /* must be there once */
	TW_LEDGER_GIVEN_UP,  /* must not be there */
};

/* What one bot was told, by serial number. */
struct tw_ledger_page {
	size_t n, cap;
	unsigned char *outcome;
};

/* `run` tells our rows from those of others. The counts are filled by tw_ledger_audit. */
struct tw_ledger {
	char table[128]; /* as SQL names it; "": there is no ledger */
	long long run;
	bool created; /* the table is ours to drop */
	size_t bots;
	struct tw_ledger_page *page;
	long committed, open, given_up; /* what bots were told */
	long open_found;                /* rows whose COMMIT nobody answered */
	long lost, doubled, ghosts;     /* committed and not there; there twice; there all the same */
	bool audited;
};

#define TW_LEDGER_INIT \
	{              \
		0      \
	}

void tw_ledger_free(struct tw_ledger *l);

/*
 * tw_ledger_open makes the table where there is none: columns run, bot, serial, and no key, so that
 * a doubled row is not refused. `table` is a name of letters, digits and underscores, with a schema
 * or without. EX_USAGE for another; errors as tw_pg_exec.
 */
bool tw_ledger_open(struct tw_ledger *l, const char *table, size_t bots, PGconn *conn,
                    tw_ms deadline, struct tw_err *e);

/* tw_ledger_begin gives a bot's next transaction its serial number; it is OPEN. EX_OSERR. */
bool tw_ledger_begin(struct tw_ledger *l, size_t bot, long *serial, struct tw_err *e);

/* tw_ledger_end notes what a bot was told. */
void tw_ledger_end(struct tw_ledger *l, size_t bot, long serial, enum tw_ledger_outcome outcome);

/* tw_ledger_audit reads the rows of this run, counts, and removes them. Errors as tw_pg_exec. */
bool tw_ledger_audit(struct tw_ledger *l, PGconn *conn, tw_ms deadline, struct tw_err *e);
