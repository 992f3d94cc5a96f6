/* SPDX-License-Identifier: ISC */
/* report.h: a verdict as a monitoring plugin prints it, and as JSON. */
#pragma once

#include "check.h"

/* What a report is made from. */
struct tw_report {
	const struct tw_asking *asking;
	const struct tw_facts *facts;
	const struct tw_verdict *verdict;
};

/*
 * tw_report_nagios appends "TWPOOL STATUS: text | perfdata" with the worst problem first, and below
 * it what to do about a frozen pool, what a watch has seen, and with `verbose` each result.
 */
bool tw_report_nagios(const struct tw_report *r, bool verbose, struct tw_buf *out,
                      struct tw_err *e);

/* tw_report_nagios_error appends the one line of a check that could not be made. */
bool tw_report_nagios_error(const struct tw_err *error, struct tw_buf *out, struct tw_err *e);

/* tw_report_json is the report of --format json; NULL without memory. What is unknown is null. */
json_t *tw_report_json(const struct tw_report *r, const char *tool);
