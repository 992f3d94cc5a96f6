/* SPDX-License-Identifier: ISC */
/* check_remember.c: a check in a child, held against what the last one said. */
#include "base/run.h"
#include "check/memory.h"
#include "check_remember.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

/* A syslog daemon that takes nothing is given up after so long, in seconds; we wait for less, in
 * ms. */
#define SYSLOG_SECONDS 2
#define SYSLOG_WAIT 40

/*
 * syslog_send sends one line. In a child: glibc waits for a daemon that hangs, without end, and the
 * check has a deadline. The child has neither our lock nor our output, for whose end somebody
 * waits.
 */
static void
syslog_send(const struct check_remember *r, int priority, const char *line)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		close_range(STDERR_FILENO + 1, ~0U, 0);
		signal(SIGALRM, SIG_DFL);
		alarm(SYSLOG_SECONDS);
		openlog(r->tool, 0, LOG_DAEMON);
		syslog(priority, "%s", line);
		_exit(0);
	}
	for (int ms = 0; pid > 0 && ms < SYSLOG_WAIT && waitpid(pid, NULL, WNOHANG) == 0; ms++)
		poll(NULL, 0, 1);
}

/* verdict_log tells syslog the headline of a report, and what was before. */
static void
verdict_log(const struct check_remember *r, int code, const struct tw_buf *report,
            const json_t *json, const char *news)
{
	static const int priority[] = {
		[TW_STATUS_OK] = LOG_NOTICE,
		[TW_STATUS_WARNING] = LOG_WARNING,
		[TW_STATUS_CRITICAL] = LOG_CRIT,
		[TW_STATUS_UNKNOWN] = LOG_ERR,
	};
	const char *text = json_string_value(json_object_get(json, "summary"));
	char line[1024];
	size_t n;

	text = text != NULL ? text : tw_buf_text(report);
	n = strcspn(text, "|\n");
	while (n > 0 && text[n - 1] == ' ')
		n--;
	snprintf(line, sizeof(line), "%.*s%s%s", n < 900 ? (int)n : 900, text,
	         *news != '\0' ? "; " : "", news);
	syslog_send(r, priority[code], line);
}

/* report_print prints a report with the news: a line of its own, or a part of the JSON. */
static bool
report_print(const struct tw_buf *report, json_t *json, const char *news)
{
	struct tw_buf text = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;

	json_object_set_new(json, "news", *news != '\0' ? json_string(news) : json_null());
	if (json == NULL || !tw_json_text(json, &text, &e)) {
		const char *rest = tw_buf_text(report);
		size_t first = strcspn(rest, "\n");

		first += rest[first] == '\n';
		printf("%.*s%s%s%s", (int)first, rest, news, *news != '\0' ? "\n" : "",
		       rest + first);
	} else {
		fputs(tw_buf_text(&text), stdout);
	}
	tw_buf_free(&text);
	return fflush(stdout) == 0;
}

/* verdict_get makes the check; one that crashes or does not end is UNKNOWN. */
static int
verdict_get(const struct check_remember *r, struct tw_buf *report)
{
	struct tw_err e = TW_ERR_INIT;
	int code = 0;
	bool ok = tw_run_part(r->check, r->arg, r->tool, r->seconds, report, &code, &e);

	if (ok && code <= TW_STATUS_UNKNOWN && report->len > 0)
		return code;
	if (ok && code > 128)
		tw_fail(&e, EX_SOFTWARE, "the check itself was ended by signal %d", code - 128);
	else if (ok)
		tw_fail(&e, EX_SOFTWARE, "the check itself failed with %d", code);
	tw_buf_free(report);
	tw_report_error(&e, r->tool, NULL, r->format, report);
	return TW_STATUS_UNKNOWN;
}

/* verdict_tell prints and logs a verdict if it is news, and keeps it; `lost` if it cannot be. */
static void
verdict_tell(const struct check_remember *r, int code, const struct tw_buf *report,
             struct tw_err *lost)
{
	long long now = tw_memory_now();
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_memory before, after;
	struct tw_news news;
	json_t *json = NULL;
	bool printed = true;

	if (r->format == TW_FORMAT_JSON)
		json = tw_json_parse(report->data, report->len, r->tool, &ignored);
	tw_memory_read(r->path, r->tool, now, &before);
	tw_memory_judge(&before, (enum tw_status)code, now, &after, &news);
	/* What nobody could read is not told: it stays news, unless there is no keeping it. */
	if (news.speak)
		printed = report_print(report, json, news.text);
	if (lost->exit == 0 && printed && news.changed) {
		json_t *between = tw_memory_between(r->path, r->tool);

		tw_memory_write(r->path, r->tool, &after, between, lost);
		json_decref(between);
	}
	if (!news.speak && lost->exit != 0)
		report_print(report, json, news.text);
	if (lost->exit != 0)
		fprintf(json == NULL ? stdout : stderr, "the state could not be kept: %s\n",
		        lost->msg);
	fflush(stdout);
	if (news.speak)
		verdict_log(r, code, report, json, news.text);
	json_decref(json);
}

int
check_remember(const struct check_remember *r)
{
	struct tw_buf report = TW_BUF_INIT;
	struct tw_err lost = TW_ERR_INIT;
	int lock = -1, code = TW_STATUS_UNKNOWN;

	if (!tw_memory_lock(r->path, &lock, &lost) && lost.exit == EX_TEMPFAIL) {
		tw_report_error(&lost, r->tool, NULL, r->format, &report);
		fputs(tw_buf_text(&report), stdout);
	} else {
		code = verdict_get(r, &report);
		verdict_tell(r, code, &report, &lost);
	}
	if (lock >= 0)
		close(lock);
	tw_buf_free(&report);
	return code;
}
