/* SPDX-License-Identifier: ISC */
/* twpool-check: asks a pooler and its host, judges, and says so as a monitoring plugin does. */
#include "check/line.h"
#include "check/memory.h"
#include "check_options.h"
#include "check_remember.h"
#include "check_state.h"
#include "base/file.h"
#include "base/version.h"
#include "program.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define LATE "no verdict in time: looking up a name, or a login, does not end"
#define LATE_LINE "TWPOOL UNKNOWN: " LATE

/* give_up ends the process with a text that is no more than written: a signal has come. */
static _Noreturn void
give_up(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(TW_STATUS_UNKNOWN); /* nobody listens */
	_exit(TW_STATUS_UNKNOWN);
}

static void
give_up_nagios(int signal)
{
	(void)signal;
	give_up(LATE_LINE "\n");
}

static void
give_up_json(int signal)
{
	(void)signal;
	give_up("{\n  \"schema\": 1,\n  \"tool\": \"" CHECK_NAME "\",\n  \"version\": \"" TW_VERSION
	        "\",\n  \"status\": \"unknown\",\n  \"summary\": \"" LATE_LINE
	        "\",\n  \"checks\": [],\n  \"error\": \"" LATE "\"\n}\n");
}

static void
give_up_prometheus(int signal)
{
	(void)signal;
	give_up("# " LATE_LINE "\n# HELP twpool_check_status The verdict: 0 OK, 1 WARNING, "
	        "2 CRITICAL, 3 UNKNOWN.\n# TYPE twpool_check_status gauge\n"
	        "twpool_check_status 3\n");
}

/*
 * give_up_after arms the last way out, 0.15 s after the time that everything may take together:
 * from within libpq, which keeps no deadline while it looks up a name or works on a password that a
 * hostile server wants hashed two billion times.
 */
static void
give_up_after(double seconds, enum tw_format format)
{
	static void (*const ways[])(int) = { [TW_FORMAT_NAGIOS] = give_up_nagios,
		                             [TW_FORMAT_JSON] = give_up_json,
		                             [TW_FORMAT_PROMETHEUS] = give_up_prometheus };
	double whole = floor(seconds + 0.15);
	struct itimerval at = { .it_value = { (time_t)whole,
		                              (suseconds_t)((seconds + 0.15 - whole) * 1e6) } };

	signal(SIGALRM, ways[format]);
	setitimer(ITIMER_REAL, &at, NULL);
}

/* file_write makes `path` a file that everybody may read. */
static bool
file_write(const char *path, const struct tw_buf *text, struct tw_err *e)
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

	if (path == NULL)
		return true;
	r.format = TW_FORMAT_PROMETHEUS;
	if (!tw_report_text(&r, &text, &failed) || !file_write(path, &text, &failed)) {
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

/* check asks, judges and appends the report to `out`; whatever fails on the way is UNKNOWN. */
static int
check(const struct check_options *o, enum tw_format format, struct tw_buf *out, struct tw_err *e)
{
	struct tw_asking asking = TW_ASKING_INIT;
	struct tw_facts facts = TW_FACTS_INIT;
	struct tw_verdict verdict = TW_VERDICT_INIT;
	struct tw_thresholds thresholds = { 0 };
	struct tw_report report = { .asking = &asking,
		                    .facts = &facts,
		                    .verdict = &verdict,
		                    .tool = CHECK_NAME,
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
	give_up_after(o->timeout + o->watch, format);
	state = asking.state ? state : NULL;
	ok = ok && tw_facts_ask(&asking, &facts, e) &&
	     (state == NULL || check_state_compare(state, &facts, e)) &&
	     tw_check_judge(set, &asking, &facts, &thresholds, &verdict, e);
	if (ok && state != NULL)
		check_state_keep(state, &facts, &verdict);
	ok = ok && textfile_write(o->textfile, report, &verdict, e) &&
	     tw_report_text(&report, out, e);
	if (ok)
		code = (int)tw_verdict_status(&verdict);
	else
		tw_report_error(e, CHECK_NAME, format, out);
	tw_verdict_free(&verdict);
	tw_facts_free(&facts);
	tw_asking_free(&asking);
	return code;
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
		if (file_write(o->output, out, e))
			return code;
		tw_buf_free(out);
		tw_context(e, "--output");
		tw_report_error(e, CHECK_NAME, format, out);
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
		tw_report_error(e, CHECK_NAME, format, &out);
	else if (o->remember != NULL)
		code = check_remember(&(struct check_remember){
		    o->remember, CHECK_NAME, format, (int)ceil(o->timeout) + 2, check_anew, o });
	else if (o->state != NULL && !tw_memory_lock(o->state, &lock, &lost) &&
	         lost.exit == EX_TEMPFAIL)
		tw_report_error(&lost, CHECK_NAME, format, &out);
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
