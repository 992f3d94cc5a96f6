/* SPDX-License-Identifier: ISC */
/*
 * linger.h: hysteresis. A metric that was beyond a threshold in the last run stays so until it is
 * clear of it by a tenth: what stands at its threshold is no news every minute.
 */
#pragma once

#include "base/json.h"
#include "verdict.h"

/* tw_linger_json is what the next run is to know of this one's metrics; NULL without memory. */
json_t *tw_linger_json(const struct tw_verdict *v);

/*
 * tw_linger_status is what a result's metric was in the last run, of which `before` is what
 * tw_linger_json made (borrowed, NULL or anything else: nothing): OK, WARNING or CRITICAL.
 */
enum tw_status tw_linger_status(const json_t *before, const struct tw_result *r,
                                const char *metric);

/* tw_linger_alerts is tw_range_alerts for a metric that has alerted: a tenth longer. */
bool tw_linger_alerts(const struct tw_range *range, double value);
