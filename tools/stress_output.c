/* SPDX-License-Identifier: ISC */
/* stress_output.c: what twpool-stress says: progress while it runs, the report at its end. */
#include "program.h"
#include "stress_plan.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* progress_line writes how far a run is. */
static void
progress_line(const struct tw_stress *s, const struct tw_swarm_now *now, char *out, size_t size)
{
	const struct tw_tally *t = now->tally;
	char label[128];
	long failed = 0;

	for (size_t i = 0; i < t->failures.n; i++)
		failed += t->failures.item[i].count;
	tw_target_label(s->current, label, sizeof(label));
	if (now->logins)
		snprintf(out, size, "round %ld of %ld, %s: %ld of %ld logged in, %ld failed",
		         s->round, s->rounds, label, t->logins, t->bots, failed);
	else
		snprintf(out, size,
		         "round %ld of %ld, %s: %ld transactions by %ld bots, %ld failures, %.0f s "
		         "left",
		         s->round, s->rounds, label, t->transactions, t->logins, failed,
		         fmax(now->seconds_left, 0));
}

/* progress_terminal rewrites one line each second. */
static void
progress_terminal(void *stress, const struct tw_swarm_now *now)
{
	char line[256];

	progress_line(stress, now, line, sizeof(line));
	fprintf(stderr, "\r%s\033[K", line);
}

/* progress_log prints a line every five seconds. */
static void
progress_log(void *stress, const struct tw_swarm_now *now)
{
	char line[256];

	progress_line(stress, now, line, sizeof(line));
	if (now->second % 5 == 0)
		fprintf(stderr, "%s: %s\n", STRESS_NAME, line);
}

stress_progress *
stress_progress_choose(const struct stress_options *o)
{
	if (!o->quiet && isatty(STDERR_FILENO))
		return progress_terminal;
	return o->verbose ? progress_log : NULL;
}

void
stress_progress_end(const struct stress_options *o)
{
	if (!o->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* status_word is the report's status. */
static const char *
status_word(const struct tw_stress *s, const struct tw_judged *v, int code)
{
	if (s->frozen[0] != '\0')
		return "frozen";
	if (v->missed == 0 && s->interrupted)
		return "interrupted";
	return code == 0 ? "ok" : "failed";
}

/* json_write writes the report to stdout ("-") or a file. */
static bool
json_write(const char *path, json_t *report, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	bool ok;

	if (strcmp(path, "-") == 0)
		return program_print(json_incref(report), e);
	ok = tw_json_text(report, &b, e) && program_write(path, &b, e);
	tw_buf_free(&b);
	return ok;
}

/* html_write writes the page of a report. */
static bool
html_write(const char *path, const json_t *report, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	bool ok = tw_stress_page(report, &b, e) && program_write(path, &b, e);

	tw_buf_free(&b);
	return ok;
}

/* files_write writes the files that were asked for. */
static bool
files_write(const struct stress_options *o, const struct tw_stress *s, const struct tw_judged *v,
            json_t *curve, int code, struct tw_err *e)
{
	json_t *json = tw_json_report(STRESS_NAME, status_word(s, v, code));
	bool ok = (json != NULL && json_object_set(json, "tune", curve) == 0) ||
	          tw_fail(e, EX_OSERR, "out of memory");

	ok = ok && tw_stress_json(s, v, json, e) &&
	     (o->html == NULL || html_write(o->html, json, e)) &&
	     (o->json == NULL || json_write(o->json, json, e));
	json_decref(json);
	return ok;
}

bool
stress_report(const struct stress_options *o, const struct tw_stress *s, const struct tw_judged *v,
              json_t *curve, int code, struct tw_err *e)
{
	bool table = !o->quiet && (o->json == NULL || strcmp(o->json, "-") != 0), ok = true;
	struct tw_buf b = TW_BUF_INIT;
	char line[256];

	if (table)
		ok = tw_stress_table(s, v, o->verbose, &b, e);
	if (ok && table)
		fputs(tw_buf_text(&b), stdout);
	tw_buf_free(&b);
	for (size_t i = 0; !table && i < v->n; i++) {
		tw_limit_text(&v->item[i], line, sizeof(line));
		if (!v->item[i].met)
			fprintf(stderr, "%s: missed: %s\n", STRESS_NAME, line);
	}
	return ok && ((o->json == NULL && o->html == NULL) || files_write(o, s, v, curve, code, e));
}
