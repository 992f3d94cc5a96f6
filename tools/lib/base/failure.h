/* SPDX-License-Identifier: ISC */
/*
 * failure.h: why logins and transactions fail, sorted into classes that a script may compare.
 * PgBouncer up to 1.18 sends SQLSTATE 08P01 for nearly everything, so that the words come first.
 */
#pragma once

#include <stddef.h>
#include "err.h"

/* What a client was doing. Idle: logged in, and nothing asked. */
enum tw_failure_phase { TW_FAILED_LOGIN, TW_FAILED_TRANSACTION, TW_FAILED_IDLE };

struct tw_failure {
	const char *class; /* "too_many_clients"; static */
	char sqlstate[6];  /* "" where there was none */
	enum tw_failure_phase phase;
	char message[256]; /* the first one, on one line, without a password */
	long count;
};

/* One entry for each class, SQLSTATE and phase, in the order of their first appearance. */
struct tw_failures {
	size_t n;
	struct tw_failure *item;
};

#define TW_FAILURES_INIT \
	{                \
		0, NULL  \
	}

void tw_failures_free(struct tw_failures *f);

/*
 * tw_failure_class is the class of a server's or libpq's message with PQERRORS_VERBOSE; *sqlstate
 * becomes what it names, or "".
 */
const char *tw_failure_class(const char *text, char sqlstate[6]);

/* tw_failures_add counts one failure; `what` has everything but its count. EX_OSERR. */
bool tw_failures_add(struct tw_failures *f, const struct tw_failure *what, long count,
                     struct tw_err *e);

/* tw_failures_most is the entry of a phase with the highest count, or NULL. Borrowed. */
const struct tw_failure *tw_failures_most(const struct tw_failures *f, enum tw_failure_phase phase);

/* tw_failure_phase_word is "login", "transaction" or "idle". */
const char *tw_failure_phase_word(enum tw_failure_phase phase);
