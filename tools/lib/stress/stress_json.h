/* SPDX-License-Identifier: ISC */
/* stress_json.h: parts of the report, for its own files only. NULL without memory. */
#pragma once

#include "stress_report.h"

/* tw_json_causes is the list of what held the run back, the bottleneck first. */
json_t *tw_json_causes(const struct tw_stress *s);

/* tw_json_promises is the list of the guide's promises; null where there was no before. */
json_t *tw_json_promises(const struct tw_stress *s);

/* tw_json_ledger is what the ledger came to; null where there was none, or nobody could read it. */
json_t *tw_json_ledger(const struct tw_ledger *l);

/* tw_json_histogram is a distribution: [from_ms, to_ms, count] of each bar that is not empty. */
json_t *tw_json_histogram(const struct tw_histogram *h);

/* tw_json_points is what was seen over time in the last round. */
json_t *tw_json_points(const struct tw_target *t);

/* tw_json_sweep is what other numbers of bots came to. */
json_t *tw_json_sweep(const struct tw_stress *s);
