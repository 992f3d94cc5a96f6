/* SPDX-License-Identifier: ISC */
/*
 * verdict.h: what the figures mean: what holds the --dsn target back, each with the evidence that
 * names it and the setting that moves it; and what has become of the promises of the deployment
 * guide (docs/PGBOUNCER_DEPLOYMENT.md) on this host. Pure.
 */
#pragma once

#include "stress.h"

/* One thing that holds a run back. */
struct tw_cause {
	const char *name;    /* as JSON spells it: "pool_size" */
	const char *what;    /* as a sentence does */
	const char *setting; /* what moves it */
	char evidence[512];
};

#define TW_CAUSES_MAX 16

/* The first one is the bottleneck. None: the bots themselves set the pace. */
struct tw_causes {
	size_t n;
	struct tw_cause item[TW_CAUSES_MAX];
};

/* tw_causes_find looks for all, the worst first. */
void tw_causes_find(const struct tw_stress *s, struct tw_causes *out);

/* One promise. NAN: not known. Several rounds give the spread. */
struct tw_promise {
	const char *name, *what, *unit;
	bool least; /* the value must not be below the limit, else not above */
	double limit, before, value, min, max;
};

#define TW_PROMISES 6

/* tw_promises_fill measures them by what --versus and --dsn came to. */
void tw_promises_fill(const struct tw_stress *s, struct tw_promise out[TW_PROMISES]);

/* tw_promise_result is "met", "not_met", or "not_measured". */
const char *tw_promise_result(const struct tw_promise *p);

/* tw_promise_confidence is "all rounds", "some rounds" (they disagree), or "one round". */
const char *tw_promise_confidence(const struct tw_promise *p, size_t rounds);
