/* SPDX-License-Identifier: ISC */
/*
 * figures.h: a run as a row of numbers, and several runs as one: the median, or the sum, and the
 * spread. The table of figures.c is what the printed table, the JSON and the thresholds read.
 */
#pragma once

#include "base/json.h"
#include "gauge.h"
#include "tally.h"

enum tw_figure {
	TW_LOGINS_ATTEMPTED,
	TW_LOGINS,
	TW_LOGIN_SUCCESS,
	TW_LOGIN_P50,
	TW_LOGIN_P99,
	TW_LOGIN_MAX,
	TW_LOGIN_SECONDS,
	TW_TRANSACTIONS_ATTEMPTED,
	TW_TRANSACTIONS,
	TW_SUCCESS,
	TW_PER_SECOND,
	TW_SECONDS,
	TW_SURVIVORS,
	TW_SURVIVAL,
	TW_P50,
	TW_P95,
	TW_P99,
	TW_P999,
	TW_MAX,
	TW_PEAK,
	TW_LOGINS_PER_SECOND,
	TW_RELOGINS,
	TW_CLIENT_CPU,
	TW_CLIENT_LOGIN_MS,
	TW_CLIENT_TRANSACTION_US,
	TW_CLIENT_PSS,
	TW_CLIENT_PSS_BOT,
	TW_POOLER_CPU,
	TW_POOLER_LOGIN_CPU,
	TW_POOLER_LOGIN_MS,
	TW_POOLER_TRANSACTION_US,
	TW_POOLER_PSS,
	TW_POOLER_PSS_CLIENT,
	TW_POOLER_DESCRIPTORS,
	TW_POOLER_DESCRIPTORS_LIMIT,
	TW_POSTGRES_CPU,
	TW_POSTGRES_PSS,
	TW_HOST_IDLE,
	TW_WAITING,
	TW_LONGEST_WAIT,
	TW_POOL_LIMIT,
	TW_POOL_FULL,
	TW_POOL_HELD,
	TW_POOL_STILL,
	TW_POOL_EMPTY,
	TW_LOCKED,
	TW_FIGURES,
};

/* NAN is what is not known, or has no meaning: the success of no attempts. */
struct tw_figures {
	double value[TW_FIGURES];
};

/* One figure over several rounds; all NAN where no round knows it. */
struct tw_spread {
	double value, min, max;
};

/*
 * tw_figures_of reads a tally, and what was seen meanwhile; `peak` is the peak of server
 * connections, negative where it is not known; `pooler`: the gauge's pooler is the target.
 */
void tw_figures_of(const struct tw_tally *t, const struct tw_gauge *g, long peak, bool pooler,
                   struct tw_figures *f);

/*
 * tw_figures_spread is one figure of n > 0 rounds. Counts of attempts and successes are summed,
 * rates are of the sums, the peak is the highest; of everything else it is the median.
 */
struct tw_spread tw_figures_spread(const struct tw_figures *round, size_t n, enum tw_figure which);

/* tw_figures_median is the same, but the median of every figure, as a table wants it. */
struct tw_spread tw_figures_median(const struct tw_figures *round, size_t n, enum tw_figure which);

/* tw_figures_json adds all figures of n > 0 rounds to an object, each where its table row says. */
bool tw_figures_json(const struct tw_figures *round, size_t n, json_t *object, struct tw_err *e);

/* tw_figures_number is a number for JSON, with three decimals; null for NAN. */
json_t *tw_figures_number(double x);
