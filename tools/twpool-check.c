/* SPDX-License-Identifier: ISC */
/* twpool-check: asks a pooler and its host, judges, and says so as a monitoring plugin does. */
#include "check/line.h"
#include "check/memory.h"
#include "check_many.h"
#include "check_one.h"
#include "check_remember.h"
#include "program.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* check makes the one check, or one of each instance, and appends the report to `out`. */
static int
check(const struct check_options *o, enum tw_format format, struct tw_buf *out, struct tw_err *e)
{
	return check_are_many(o) ? check_many(o, format, out, e)
	                         : check_one(o, format, out, NULL, e);
}

/* check_anew is one check of its own for --remember, which prints it whatever it says. */
static int
check_anew(const void *options)
{
	const struct check_options *o = options;
	enum tw_format format = TW_FORMAT_NAGIOS;
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf out = TW_BUF_INIT;
	int code;

	tw_format_read(o->format, &format, &e);
	code = check(o, format, &out, &e);
	fputs(tw_buf_text(&out), stdout);
	tw_buf_free(&out);
	return code;
}

/* options_fit refuses options that do not go together. */
static bool
options_fit(const struct check_options *o, enum tw_format format, struct tw_err *e)
{
	if (o->remember == NULL)
		return true;
	if (o->state != NULL)
		return tw_fail(e, EX_USAGE, "--remember keeps all of --state in its own file");
	if (o->watch > 0)
		return tw_fail(e, EX_USAGE, "--remember does not go with --watch");
	if (format == TW_FORMAT_PROMETHEUS || o->output != NULL)
		return tw_fail(e, EX_USAGE, "--remember does not go with %s: use --textfile",
		               o->output != NULL ? "--output" : "--format prometheus");
	return true;
}

/* report_deliver prints a report, or writes it to the file of --output. */
static int
report_deliver(const struct check_options *o, enum tw_format format, int code, struct tw_buf *out,
               struct tw_err *e)
{
	if (o->output != NULL && out->len > 0) {
		if (check_file_write(o->output, out, e))
			return code;
		tw_buf_free(out);
		tw_context(e, "--output");
		tw_report_error(e, CHECK_NAME, NULL, format, out);
		code = TW_STATUS_UNKNOWN;
	}
	if (!o->quiet || code != TW_STATUS_OK)
		fputs(tw_buf_text(out), stdout);
	return code;
}

/* line_explain prints what a line of a log means; one that is not known is UNKNOWN. */
static int
line_explain(const char *text)
{
	struct tw_line line;

	if (!tw_line_explain(text, &line)) {
		printf("TWPOOL UNKNOWN: nothing is known of this line\n");
		return TW_STATUS_UNKNOWN;
	}
	printf("%s: %s\n%s\n", line.words, line.what, line.todo);
	return TW_STATUS_OK;
}

/* run_check makes the check and prints what it says. */
static int
run_check(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct check_options *o = options;
	enum tw_format format = TW_FORMAT_NAGIOS;
	struct tw_buf out = TW_BUF_INIT;
	struct tw_err lost = TW_ERR_INIT;
	int code = TW_STATUS_UNKNOWN, lock = -1;

	(void)n;
	(void)operands;
	if (o->explain_line != NULL)
		return line_explain(o->explain_line);
	tw_pg_environment_clear(true);
	if (!tw_format_read(o->format, &format, e) || !options_fit(o, format, e))
		tw_report_error(e, CHECK_NAME, NULL, format, &out);
	else if (o->remember != NULL)
		code = check_remember(&(struct check_remember){
		    o->remember, CHECK_NAME, format, (int)ceil(o->timeout) + 2, check_anew, o });
	else if (o->state != NULL && !tw_memory_lock(o->state, &lock, &lost) &&
	         lost.exit == EX_TEMPFAIL)
		tw_report_error(&lost, CHECK_NAME, NULL, format, &out);
	else
		code = check(o, format, &out, e);
	code = report_deliver(o, format, code, &out, e);
	tw_buf_free(&out);
	if (lock >= 0)
		close(lock);
	return code;
}

static const struct tw_command commands[] = {
	{ NULL, "", 0, 0, "ask, judge and report", check_opts, run_check },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-check", "judge a running pooler and its host, as a monitoring plugin does",
		commands
	};
	struct check_options o = { .format = "nagios",
		                   .dialect = "both",
		                   .timeout = 10,
		                   .freeze_after = TW_FREEZE_SECONDS };
	int code = program_main(&program, argc, argv, &o);

	/* A plugin has no other codes; its scheduler reads stdout. */
	if (code >= 0 && code <= TW_STATUS_UNKNOWN)
		return code;
	printf("TWPOOL UNKNOWN: wrong usage, or no output; see standard error\n");
	fflush(stdout);
	return TW_STATUS_UNKNOWN;
}
