/* SPDX-License-Identifier: ISC */
/* check_one.c: options become questions, these facts, these a verdict, and that a report. */
#include "base/file.h"
#include "check_give_up.h"
#include "check_one.h"
#include "check_state.h"

#include <unistd.h>

bool
check_file_write(const char *path, const struct tw_buf *text, struct tw_err *e)
{
	const struct tw_attr attr = { .mode = 0644, .uid = geteuid(), .gid = getegid() };

	return tw_file_replace(path, text->data, text->len, &attr, e);
}

/* textfile_write writes the metrics; that it cannot is a result, beside all others. */
static bool
textfile_write(const char *path, struct tw_report r, struct tw_verdict *v, struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT;
	struct tw_err failed = TW_ERR_INIT;
	struct tw_result *result;
	bool ok = true;

	r.format = TW_FORMAT_PROMETHEUS;
	if (!tw_report_text(&r, &text, &failed) || !check_file_write(path, &text, &failed)) {
		result = tw_verdict_add(v, "textfile", e);
		ok = result != NULL;
		if (ok) {
			tw_result_raise(result, TW_STATUS_UNKNOWN, TW_CAUSE_CHECK);
			tw_result_say(result, "--textfile: %s", failed.msg);
		}
	}
	tw_buf_free(&text);
	return ok;
}

/* report_make appends the report, and does what --textfile asks for. */
static bool
report_make(const struct check_options *o, struct tw_report *r, struct tw_verdict *v,
            struct tw_buf *out, struct tw_buf *metrics, struct tw_err *e)
{
	struct tw_report also = *r;

	also.format = TW_FORMAT_PROMETHEUS;
	if (o->textfile != NULL && !(metrics != NULL ? tw_report_text(&also, metrics, e)
	                                             : textfile_write(o->textfile, *r, v, e)))
		return false;
	return tw_report_text(r, out, e);
}

/* failure_make is the report of a check that could not be made; it takes the error. */
static void
failure_make(const struct check_options *o, enum tw_format format, struct tw_buf *out,
             struct tw_buf *metrics, struct tw_err *e)
{
	struct tw_err again = *e;

	tw_report_error(e, CHECK_NAME, o->instance, format, out);
	if (metrics != NULL)
		tw_report_error(&again, CHECK_NAME, o->instance, TW_FORMAT_PROMETHEUS, metrics);
}

int
check_one(const struct check_options *o, enum tw_format format, struct tw_buf *out,
          struct tw_buf *metrics, struct tw_err *e)
{
	struct tw_asking asking = TW_ASKING_INIT;
	struct tw_facts facts = TW_FACTS_INIT;
	struct tw_verdict verdict = TW_VERDICT_INIT;
	struct tw_thresholds thresholds = { 0 };
	struct tw_report report = { .asking = &asking,
		                    .facts = &facts,
		                    .verdict = &verdict,
		                    .tool = CHECK_NAME,
		                    .instance = o->instance,
		                    .format = format,
		                    .verbose = o->verbose > 0,
		                    .explain = o->explain };
	tw_check_set set = 0;
	int code = TW_STATUS_UNKNOWN;
	const char *state = check_state_path(o);
	bool ok;

	tw_thresholds_default(&thresholds);
	ok = tw_dialect_read(o->dialect, &report.dialect, e) &&
	     check_questions(o, &asking, &thresholds, &set, e) &&
	     ((o->only.n == 0 && o->action == NULL) || tw_check_possible(set, &asking, e));
	tw_check_questions(set, &asking);
	check_give_up_after(o->timeout + o->watch, format, o->instance != NULL);
	state = asking.state ? state : NULL;
	ok = ok && tw_facts_ask(&asking, &facts, e) &&
	     (state == NULL || check_state_compare(state, &facts, e));
	thresholds.before = facts.alerts;
	ok = ok && tw_check_judge(set, &asking, &facts, &thresholds, &verdict, e);
	if (ok && state != NULL)
		check_state_keep(state, &facts, &verdict);
	ok = ok && report_make(o, &report, &verdict, out, metrics, e);
	check_give_up_no_more();
	if (ok)
		code = (int)tw_verdict_status(&verdict);
	else
		failure_make(o, format, out, metrics, e);
	tw_verdict_free(&verdict);
	tw_facts_free(&facts);
	tw_asking_free(&asking);
	return code;
}
