/* SPDX-License-Identifier: ISC */
/*
 * overhead.h: what a pooler adds to the latency of one query: one client here and one there, by
 * turns, so that whatever else the machine does hits both alike.
 */
#pragma once

#include "latency.h"
#include "pg/pg.h"

/* The pairs are cut into so many consecutive blocks, whose differences tell how sure the whole is.
 */
#define TW_OVERHEAD_BLOCKS 10

struct tw_overhead {
	long pairs;              /* as many as were measured; 0: nothing is known */
	bool interrupted;        /* fewer than were asked for */
	double base_ms, over_ms; /* p50 of SELECT 1 there, and through the pooler */
	double difference_ms;
	double min_ms, q1_ms, q3_ms, max_ms; /* of the blocks' differences */
};

/*
 * tw_overhead_measure runs `pairs` (TW_OVERHEAD_BLOCKS at least) after a few to warm up; the order
 * within a pair alternates. Each answer has `timeout` ms. Stops early where `signals` (or -1)
 * becomes readable. Errors as tw_pg_connect and tw_pg_exec.
 */
bool tw_overhead_measure(const struct tw_pg_params *base, const struct tw_pg_params *over,
                         long pairs, tw_ms timeout, int signals, struct tw_overhead *out,
                         struct tw_err *e);
