/* SPDX-License-Identifier: ISC */
/* stress_limits.h: the figures of the --dsn target against their limits. Pure. */
#pragma once

#include "stress.h"

/* The limits that were given; NAN: none. */
struct tw_limits {
	double min_success; /* of logins, of transactions, and survivors of the logins */
	double max_p99_ms;
	double max_overhead_ms;
	double max_server_connections;
};

/* One limit and what was measured. A value that is not known (NAN) does not meet it. */
struct tw_limit {
	const char *name; /* as JSON spells it */
	const char *what; /* as a sentence does */
	const char *option;
	double limit, value;
	bool met;
};

#define TW_LIMITS 6

struct tw_judged {
	size_t n, missed;
	struct tw_limit item[TW_LIMITS];
};

/*
 * tw_limits_judge judges what was measured. In a run that was interrupted a value that is not
 * known misses nothing, and with a duration of 0 nobody expects transactions.
 */
void tw_limits_judge(const struct tw_limits *limits, const struct tw_stress *s,
                     struct tw_judged *v);

/* tw_limit_text says in one line how a threshold was missed. */
void tw_limit_text(const struct tw_limit *t, char *out, size_t size);
