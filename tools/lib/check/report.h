/* SPDX-License-Identifier: ISC */
/* report.h: a verdict as a monitoring plugin prints it, as JSON, and as metrics of Prometheus. */
#pragma once

#include "check.h"
#include "exporter.h"

enum tw_format { TW_FORMAT_NAGIOS, TW_FORMAT_JSON, TW_FORMAT_PROMETHEUS };

/* tw_format_read reads "nagios", "json" or "prometheus"; EX_USAGE. */
bool tw_format_read(const char *word, enum tw_format *format, struct tw_err *e);

/* What a report is made from. */
struct tw_report {
	const struct tw_asking *asking;
	const struct tw_facts *facts;
	const struct tw_verdict *verdict;
	const char *tool;
	const char *instance; /* what all labels begin with, or NULL: this is the only one */
	enum tw_format format;
	bool verbose; /* NAGIOS: one more line for each result, and the pools as a table */
	bool explain; /* NAGIOS: what stands behind each cause */
	enum tw_dialect dialect; /* PROMETHEUS */
};

/* tw_report_text appends the report in its format. */
bool tw_report_text(const struct tw_report *r, struct tw_buf *out, struct tw_err *e);

/*
 * tw_report_error appends the report of a check that could not be made, which is UNKNOWN, and takes
 * the error: it needs no second mention. `instance` as in tw_report.
 */
void tw_report_error(struct tw_err *error, const char *tool, const char *instance,
                     enum tw_format format, struct tw_buf *out);

/*
 * tw_report_nagios appends "TWPOOL STATUS: text | perfdata" with the worst problem first, and below
 * it why and what to do, one line for each cause, what a watch has seen, and with `verbose` each
 * result.
 */
bool tw_report_nagios(const struct tw_report *r, struct tw_buf *out, struct tw_err *e);

/* tw_report_table appends the pools as a table for people; nothing where there are none. */
bool tw_report_table(const struct tw_facts *f, struct tw_buf *out, struct tw_err *e);

/* tw_report_headline appends the first part of that, "TWPOOL STATUS: text". */
bool tw_report_headline(const struct tw_report *r, struct tw_buf *out, struct tw_err *e);

/* tw_report_nagios_error appends the one line of a check that could not be made. */
bool tw_report_nagios_error(const struct tw_err *error, struct tw_buf *out, struct tw_err *e);

/* tw_report_json is the report of --format json; NULL without memory. What is unknown is null. */
json_t *tw_report_json(const struct tw_report *r);

/* tw_report_prometheus appends the exporter's metrics and those of twpool_. */
bool tw_report_prometheus(const struct tw_report *r, struct tw_buf *out, struct tw_err *e);

/* tw_report_prometheus_error appends a status of UNKNOWN, and why as a comment. */
bool tw_report_prometheus_error(const struct tw_err *error, const char *instance,
                                struct tw_buf *out, struct tw_err *e);
