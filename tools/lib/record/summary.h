/* SPDX-License-Identifier: ISC */
/*
 * summary.h: a generation on one page, for whoever has to decide and whoever has to act: what was
 * deployed, what changed, the success criteria with their figures, the way back. Holds paths, and
 * no DSN, no digest and no secret.
 */
#pragma once

#include "record.h"

/*
 * tw_summary reads what a generation holds (manifest, evidence.json, its copy of site.json) and
 * makes a report of it. `status` is "passed", "unproven" or "failed" (`reason` says why), or
 * "not_validated"; a criterion that is not met makes it "failed" whatever the evidence says. The
 * report is the caller's; NULL on error (EX_DATAERR: evidence.json is damaged).
 */
json_t *tw_summary(const struct tw_record *r, struct tw_err *e);

/* tw_summary_failed tells whether a report's deploy is no success. */
bool tw_summary_failed(const json_t *summary);

/* tw_summary_page appends the page. Lines have at most 78 columns, unless a path is longer. */
bool tw_summary_page(const json_t *summary, struct tw_buf *b, struct tw_err *e);

/* tw_summary_table appends the criteria alone. */
bool tw_summary_table(const json_t *summary, struct tw_buf *b, struct tw_err *e);
