/* SPDX-License-Identifier: ISC */
/* tune_report.h: the curve of pool sizes, as a table, as JSON and as a page. */
#pragma once

#include "base/json.h"
#include "tune.h"

/* `fits`: the largest size of every pool that PostgreSQL has room for; 0: not known. */
bool tw_tune_table(const struct tw_tune *t, long fits, struct tw_buf *b, struct tw_err *e);

/* tw_tune_json adds the curve, the knee and the recommendation to a report. */
bool tw_tune_json(const struct tw_tune *t, long fits, json_t *report, struct tw_err *e);

/* tw_tune_page appends an HTML page of a finished report. */
bool tw_tune_page(const json_t *report, struct tw_buf *out, struct tw_err *e);

/* tw_tune_recommended is the knee, or what fits where that is less; TW_TUNE_NONE if not known. */
long tw_tune_recommended(const struct tw_tune *t, long fits);
