/* SPDX-License-Identifier: ISC */
/* tally.h: what one run of bots against one target came to. */
#pragma once

#include "base/failure.h"
#include "latency.h"

/* What the client itself cost; NAN where it is not known. */
struct tw_client_cost {
	double login_cpu_seconds; /* of the thread of the bots, in the phase of logins */
	double cpu_seconds;       /* the same in the measured part of the phase of transactions */
	double pss_bytes;         /* of the whole process, when all were in */
};

struct tw_tally {
	long bots;                /* as many as were asked for */
	long attempted, logins;   /* logins: begun and decided; of these, succeeded */
	long relogins;            /* connections after the first one */
	long begun, transactions; /* the same of transactions */
	long in_time;             /* of these, those that succeeded before the phase's end */
	long survivors;           /* bots whose connection was good at the end */
	double seconds;           /* of the phase of transactions, without warm-up */
	double login_seconds;     /* of the phase of logins */
	bool known, pooled;       /* a pooler stands in between, where `known` */
	bool interrupted;
	struct tw_client_cost cost;
	struct tw_latencies login, transaction; /* of those that succeeded; sorted at the end */
	struct tw_failures failures;
};

#define TW_TALLY_INIT \
	{             \
		0     \
	}

/* tw_tally_free releases a tally; also one that was never used. */
static inline void
tw_tally_free(struct tw_tally *t)
{
	tw_latencies_free(&t->login);
	tw_latencies_free(&t->transaction);
	tw_failures_free(&t->failures);
}
