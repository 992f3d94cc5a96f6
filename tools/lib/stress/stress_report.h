/* SPDX-License-Identifier: ISC */
/* stress_report.h: what twpool-stress measured, as a table for people and as JSON. */
#pragma once

#include "stress_limits.h"
#include "verdict.h"

/*
 * tw_stress_table appends the table: before (--versus) on the left, after (--dsn) on the right,
 * the median of the rounds with their spread; then latency pairs, failures (with their first
 * messages where `verbose`), and one line for each threshold that was missed.
 */
bool tw_stress_table(const struct tw_stress *s, const struct tw_judged *v, bool verbose,
                     struct tw_buf *b, struct tw_err *e);

/* tw_stress_json adds everything to a report. */
bool tw_stress_json(const struct tw_stress *s, const struct tw_judged *v, json_t *report,
                    struct tw_err *e);

/* tw_stress_page appends an HTML page of a finished report: the same figures, and pictures. */
bool tw_stress_page(const json_t *report, struct tw_buf *out, struct tw_err *e);
