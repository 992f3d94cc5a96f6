/* SPDX-License-Identifier: ISC */
/*
 * tune.h: the pool size at which this host and this workload gain no more: short rounds of bots
 * through the running pooler, with another default_pool_size each time. The pooler's settings are
 * put back in any case; until then RELOAD would do the same.
 */
#pragma once

#include "stress/stress.h"

#define TW_TUNE_MAX 32

/* What one pool size came to. */
struct tw_tune_point {
	long size;
	double per_second, p50_ms, p99_ms, success, server_connections;
};

struct tw_tune {
	struct tw_stress *stress; /* the caller's, prepared but for its rounds */
	size_t n;
	struct tw_tune_point point[TW_TUNE_MAX]; /* `size` is set before */
	long before;                             /* default_pool_size as it was */
	long knee;                               /* TW_TUNE_NONE until it is known */
	bool interrupted;
};

#define TW_TUNE_NONE 0L

/*
 * The smallest pool with this share of the best rate is large enough: what is beyond is within what
 * rounds differ by themselves.
 */
#define TW_TUNE_ENOUGH 0.95

/*
 * tw_tune_run runs one round for each size, smallest first. EX_UNAVAILABLE where the console cannot
 * be asked or does not take the setting, EX_NOPERM where it refuses; else as tw_stress_run. On
 * failure too the settings are as before, unless the console is gone, which the message then says.
 */
bool tw_tune_run(struct tw_tune *t, struct tw_err *e);

/* tw_tune_knee finds the knee of the points that are there. Pure. */
long tw_tune_knee(const struct tw_tune_point *point, size_t n);
