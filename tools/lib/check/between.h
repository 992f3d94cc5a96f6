/* SPDX-License-Identifier: ISC */
/*
 * between.h: what a run leaves to the next one, so that this can tell what happened in between.
 * Kept in the state file of memory.h. Not believed across a boot or a restart of the pooler; time
 * is that since boot, which no clock that is set moves.
 */
#pragma once

#include "base/json.h"
#include "process.h"

/* One database's counters, and what became of them since the last run. */
struct tw_interval {
	char database[TW_POOL_NAME_SIZE];
	long long waited_us, served; /* totals: time of waiting, servers given to clients */
	double mean_wait_s; /* since the last run; NAN where that cannot be told, or not judged: */
	bool few;           /* fewer than TW_BETWEEN_LEAST were served since */
};

/* A new server connection takes some 30 ms: the mean of a handful of waits says no more than that.
 */
#define TW_BETWEEN_LEAST 10

/* A pool that had a login at PostgreSQL under way, and in how many runs in a row. */
struct tw_login_run {
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
	long runs;
};

struct tw_between {
	long long at;           /* seconds since boot */
	long long pid, started; /* of the pooler's process, as in process.h; 0: not known */
	long long between;      /* seconds since the last run; 0: there is none to compare with */
	size_t n, stuck_n;
	struct tw_interval *item;
	struct tw_login_run *stuck;
};

#define TW_BETWEEN_INIT \
	{               \
		0       \
	}

void tw_between_free(struct tw_between *f);

/*
 * tw_between_make takes the counters of a sample with its tables, and compares them with what the
 * last run left (`before`, borrowed; NULL or anything else: nothing). `now` is in seconds since
 * boot. A counter that is lower than before, another process, a time that is not later: nothing is
 * compared. EX_OSERR.
 */
bool tw_between_make(const struct tw_sample *s, const struct tw_process *p, const json_t *before,
                     long long now, struct tw_between *f, struct tw_err *e);

/* tw_between_json is what to leave to the next run; NULL without memory. */
json_t *tw_between_json(const struct tw_between *f);

/* tw_between_stuck is in how many runs in a row, this one included, a login of the pool was seen.
 */
long tw_between_stuck(const struct tw_between *f, const char *database, const char *user);
