/* SPDX-License-Identifier: ISC */
/*
 * report_nagios.c: the format of the Monitoring Plugins' developer guidelines. Names come from
 * clients: a "|" or a line break in one of them must not become perfdata.
 */
#include "report.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The text before the perfdata is cut between two problems: old NRPE takes 1 kB in all. */
#define TEXT_MOST 600

/* What is not well, the worst first. */
static const enum tw_status badness[] = { TW_STATUS_CRITICAL, TW_STATUS_UNKNOWN,
	                                  TW_STATUS_WARNING };

/* text_add appends text, what would end the line or the text as a question mark. */
static bool
text_add(struct tw_buf *out, const char *text, struct tw_err *e)
{
	bool ok = true;

	for (; ok && *text != '\0'; text++) {
		bool bad = *text == '|' || iscntrl((unsigned char)*text);

		ok = tw_buf_add(out, bad ? "?" : text, 1, e);
	}
	return ok;
}

/* word_add appends a status in capitals. */
static bool
word_add(struct tw_buf *out, enum tw_status status, struct tw_err *e)
{
	bool ok = true;

	for (const char *word = tw_status_word(status); ok && *word != '\0'; word++) {
		char letter = (char)toupper((unsigned char)*word);

		ok = tw_buf_add(out, &letter, 1, e);
	}
	return ok;
}

/* totals_add says in one line that, and how far, all is well. */
static bool
totals_add(const struct tw_sample *s, struct tw_buf *out, struct tw_err *e)
{
	long waiting = 0, servers = 0, limit = 0;
	bool limited = s->pools.n > 0;
	char most[32] = "";

	for (size_t i = 0; i < s->pools.n; i++) {
		const struct tw_pool *p = &s->pools.item[i];

		waiting += p->cl_waiting;
		servers += p->sv_active + p->sv_idle + p->sv_used + p->sv_tested + p->sv_login;
		limit += p->limit;
		limited = limited && p->limit > 0;
	}
	if (limited)
		snprintf(most, sizeof(most), " of %ld", limit);
	return tw_buf_printf(out, e,
	                     "%zu pool%s, %ld waiting, %ld of %ld clients, %ld%s server "
	                     "connections",
	                     s->pools.n, s->pools.n == 1 ? "" : "s", waiting, s->clients,
	                     s->max_client_conn, servers, most);
}

/* results_add appends the summaries of one status, without those that only follow from others. */
static bool
results_add(const struct tw_verdict *v, enum tw_status status, bool moot, size_t start,
            size_t *left_out, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < v->n; i++) {
		const struct tw_result *r = &v->item[i];

		if (r->status != status || (r->moot && !moot))
			continue;
		if (out->len > start && out->len - start + strlen(r->summary) > TEXT_MOST)
			++*left_out;
		else
			ok = (out->len == start || tw_buf_puts(out, "; ", e)) &&
			     text_add(out, r->summary, e);
	}
	return ok;
}

/* problems_add appends what is wrong, the worst first; where all is well, that. */
static bool
problems_add(const struct tw_report *r, struct tw_buf *out, struct tw_err *e)
{
	size_t start = out->len, left_out = 0;
	bool ok = true;

	if (tw_verdict_status(r->verdict) == TW_STATUS_OK && r->asking->console)
		return totals_add(&r->facts->sample, out, e);
	if (tw_verdict_status(r->verdict) == TW_STATUS_OK)
		ok = results_add(r->verdict, TW_STATUS_OK, true, start, &left_out, out, e);
	for (size_t i = 0; ok && i < sizeof(badness) / sizeof(*badness); i++)
		ok = results_add(r->verdict, badness[i], false, start, &left_out, out, e);
	if (ok && out->len == start)
		ok = results_add(r->verdict, TW_STATUS_UNKNOWN, true, start, &left_out, out, e);
	if (ok && out->len == start && r->verdict->unjudged_n > 0)
		ok = tw_buf_printf(out, e, "not judged: %s: %s", r->verdict->unjudged[0].check,
		                   r->verdict->unjudged[0].reason);
	if (ok && out->len == start)
		ok = tw_buf_puts(out, "nothing was checked", e);
	return ok && (left_out == 0 || tw_buf_printf(out, e, "; and %zu more (-v)", left_out));
}

/* label_add appends a metric's label in quotes: no "=", and a quote twice. */
static bool
label_add(const char *instance, const struct tw_result *r, const char *metric, struct tw_buf *out,
          struct tw_err *e)
{
	char label[4 * TW_POOL_NAME_SIZE];
	bool ok = tw_buf_puts(out, " '", e);

	snprintf(label, sizeof(label), "%s%s%s%s%s%s%s", instance != NULL ? instance : "",
	         instance != NULL ? " " : "", r->object != NULL ? r->object : r->database,
	         *r->user ? "/" : "", r->user, r->object != NULL || *r->database ? " " : "",
	         metric);
	for (char *c = label; ok && *c != '\0'; c++) {
		if (*c == '=')
			*c = '_';
		ok = (*c != '\'' || tw_buf_puts(out, "'", e)) &&
		     text_add(out, (char[]){ *c, '\0' }, e);
	}
	return ok && tw_buf_puts(out, "'=", e);
}

/* metric_add appends " 'label'=value[unit];warning;critical;min;max". */
static bool
metric_add(const char *instance, const struct tw_result *r, const struct tw_metric *m,
           struct tw_buf *out, struct tw_err *e)
{
	char warning[TW_RANGE_SIZE] = "", critical[TW_RANGE_SIZE] = "";
	char value[TW_NUMBER_SIZE] = "U", max[TW_NUMBER_SIZE] = "";

	if (!isnan(m->value))
		tw_number_text(m->value, value);
	if (!isnan(m->value) && strcmp(m->unit, "s") == 0)
		snprintf(value, sizeof(value), "%.6f", m->value);
	if (!isnan(m->max) && m->max > 0)
		tw_number_text(m->max, max);
	if (m->threshold.has_warning)
		tw_range_text(&m->threshold.warning, warning);
	if (m->threshold.has_critical)
		tw_range_text(&m->threshold.critical, critical);
	return label_add(instance, r, m->name, out, e) &&
	       tw_buf_printf(out, e, "%s%s;%s;%s;0%s%s", value, isnan(m->value) ? "" : m->unit,
	                     warning, critical, *max ? ";" : "", max);
}

/* perfdata_add appends all values. */
static bool
perfdata_add(const char *instance, const struct tw_verdict *v, struct tw_buf *out, struct tw_err *e)
{
	size_t start = out->len;
	bool ok = true;

	for (size_t i = 0; ok && i < v->n; i++) {
		for (size_t j = 0; ok && j < v->item[i].n; j++)
			ok = (out->len > start || tw_buf_puts(out, " |", e)) &&
			     metric_add(instance, &v->item[i], &v->item[i].metric[j], out, e);
	}
	return ok && tw_buf_puts(out, "\n", e);
}

/* watched_add appends what a watch has seen. */
static bool
watched_add(const struct tw_facts *f, struct tw_buf *out, struct tw_err *e)
{
	const struct tw_watched *w = &f->watched;
	char servers[64] = "";

	if (w->postgres > 0)
		snprintf(servers, sizeof(servers), ", %ld server connections, %ld direct",
		         w->peak_pooled, w->peak_direct);
	return tw_buf_printf(out, e,
	                     "watched for %.1f s: %ld samples, %ld failed; peaks: %ld waiting, the "
	                     "longest for %.6f s%s\n",
	                     (double)f->watched_ms / 1000, w->samples, w->failed, w->peak_waiting,
	                     (double)w->longest_wait_us / 1e6, servers);
}

/* cause_seen tells whether a result before the i-th has its cause, and is at least as bad. */
static bool
cause_seen(const struct tw_verdict *v, size_t i)
{
	for (size_t j = 0; j < v->n; j++) {
		if (v->item[j].moot || v->item[j].cause != v->item[i].cause || j == i)
			continue;
		if (j < i && v->item[j].status == v->item[i].status)
			return true;
		if (v->item[j].status != v->item[i].status &&
		    tw_status_worse(v->item[i].status, v->item[j].status) == v->item[j].status)
			return true;
	}
	return false;
}

/* cause_add appends why one is not well and what to do, and with --explain what stands behind it.
 */
static bool
cause_add(enum tw_cause cause, bool explain, struct tw_buf *out, struct tw_err *e)
{
	bool ok = cause == TW_CAUSE_FROZEN ? tw_buf_printf(out, e, "%s\n", tw_freeze_cures())
	                                   : tw_buf_printf(out, e, "%s: %s\n", tw_cause_why(cause),
	                                                   tw_cause_remedy(cause));

	return ok && (!explain || tw_buf_printf(out, e, "  %s\n", tw_cause_text(cause)));
}

/* causes_add appends one line for each cause, the worst first. */
static bool
causes_add(const struct tw_verdict *v, bool explain, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t k = 0; ok && k < sizeof(badness) / sizeof(*badness); k++) {
		for (size_t i = 0; ok && i < v->n; i++) {
			const struct tw_result *r = &v->item[i];

			if (r->status == badness[k] && !r->moot && r->cause != TW_CAUSE_NONE &&
			    !cause_seen(v, i))
				ok = cause_add(r->cause, explain, out, e);
		}
	}
	return ok;
}

/* details_add appends one line for each result. */
static bool
details_add(const struct tw_verdict *v, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < v->n; i++)
		ok = word_add(out, v->item[i].status, e) &&
		     tw_buf_printf(out, e, " %s: ", v->item[i].check) &&
		     text_add(out, v->item[i].summary, e) && tw_buf_puts(out, "\n", e);
	for (size_t i = 0; ok && i < v->unjudged_n; i++)
		ok = tw_buf_printf(out, e, "not judged: %s: %s\n", v->unjudged[i].check,
		                   v->unjudged[i].reason);
	return ok;
}

bool
tw_report_headline(const struct tw_report *r, struct tw_buf *out, struct tw_err *e)
{
	return tw_buf_puts(out, "TWPOOL ", e) && word_add(out, tw_verdict_status(r->verdict), e) &&
	       tw_buf_puts(out, ": ", e) && problems_add(r, out, e);
}

bool
tw_report_nagios(const struct tw_report *r, struct tw_buf *out, struct tw_err *e)
{
	return tw_report_headline(r, out, e) && perfdata_add(r->instance, r->verdict, out, e) &&
	       causes_add(r->verdict, r->explain, out, e) &&
	       (!r->facts->has_watched || watched_add(r->facts, out, e)) &&
	       (!r->verbose ||
	        (details_add(r->verdict, out, e) && tw_report_table(r->facts, out, e)));
}

bool
tw_report_nagios_error(const struct tw_err *error, struct tw_buf *out, struct tw_err *e)
{
	return tw_buf_puts(out, "TWPOOL UNKNOWN: ", e) && text_add(out, error->msg, e) &&
	       tw_buf_puts(out, "\n", e) &&
	       (error->hint[0] == '\0' ||
	        (tw_buf_puts(out, "HINT: ", e) && text_add(out, error->hint, e) &&
	         tw_buf_puts(out, "\n", e)));
}
