/* SPDX-License-Identifier: ISC */
/*
 * merge.h: the reports of several instances as one of the same format, with the worst verdict. Text
 * in, text out: each was made on its own, with labels that begin with its instance's name.
 */
#pragma once

#include "base/run.h"
#include "report.h"

/* As many as can be asked at once, and what is said of them together. */
#define TW_MERGE_MAX (TW_PARTS_MAX + 1)

/* One of them. All is the caller's. */
struct tw_merge {
	const char *name;
	enum tw_status status;
	const char *text; /* in the format that is merged */
};

/* tw_merge_status is the worst; UNKNOWN where there are none. */
enum tw_status tw_merge_status(const struct tw_merge *list, size_t n);

/*
 * tw_merge appends the one report. NAGIOS: the worst instances come first, values in the order
 * given, each further line behind its instance's name. JSON: `instances` holds the reports.
 * PROMETHEUS: the samples of a family stand together. EX_SOFTWARE for a text that is not of the
 * format; EX_OSERR.
 */
bool tw_merge(const struct tw_merge *list, size_t n, const char *tool, enum tw_format format,
              struct tw_buf *out, struct tw_err *e);

/* tw_merge_metrics is tw_merge for PROMETHEUS. */
bool tw_merge_metrics(const struct tw_merge *list, size_t n, struct tw_buf *out, struct tw_err *e);
