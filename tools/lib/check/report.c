/* SPDX-License-Identifier: ISC */
/* report.c: one report in the format that was asked for. */
#include "report.h"

#include <string.h>

bool
tw_format_read(const char *word, enum tw_format *format, struct tw_err *e)
{
	static const char *const words[] = { [TW_FORMAT_NAGIOS] = "nagios",
		                             [TW_FORMAT_JSON] = "json",
		                             [TW_FORMAT_PROMETHEUS] = "prometheus" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*format = (enum tw_format)i;
			return true;
		}
	}
	return tw_fail(e, EX_USAGE, "--format: expected nagios, json or prometheus, got '%s'",
	               word);
}

/* json_add appends a document, whose reference it takes. */
static bool
json_add(json_t *report, struct tw_buf *out, struct tw_err *e)
{
	bool ok = report != NULL ? tw_json_text(report, out, e)
	                         : tw_fail(e, EX_OSERR, "out of memory");

	json_decref(report);
	return ok;
}

bool
tw_report_text(const struct tw_report *r, struct tw_buf *out, struct tw_err *e)
{
	switch (r->format) {
	case TW_FORMAT_JSON:
		return json_add(tw_report_json(r), out, e);
	case TW_FORMAT_PROMETHEUS:
		return tw_report_prometheus(r, out, e);
	default:
		return tw_report_nagios(r, out, e);
	}
}

void
tw_report_error(struct tw_err *error, const char *tool, const char *instance, enum tw_format format,
                struct tw_buf *out)
{
	struct tw_err first = *error;
	json_t *report;

	*error = (struct tw_err)TW_ERR_INIT;
	if (format != TW_FORMAT_JSON) {
		format == TW_FORMAT_NAGIOS
		    ? tw_report_nagios_error(&first, out, error)
		    : tw_report_prometheus_error(&first, instance, out, error);
		return;
	}
	report = tw_json_report(tool, tw_status_word(TW_STATUS_UNKNOWN));
	json_object_set_new(report, "summary", json_sprintf("TWPOOL UNKNOWN: %s", first.msg));
	json_object_set_new(report, "checks", json_array());
	json_object_set_new(report, "error", json_string(first.msg));
	json_add(report, out, error);
}
