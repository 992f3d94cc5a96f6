/* SPDX-License-Identifier: ISC */
/* stress_table.c: rows and columns. */
#include "stress_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum style { COUNT, OF, PERCENT, REAL, PRECISE, KIB };

/* One row: a figure, and for OF the figure that it is a part of. */
static const struct row {
	const char *label;
	enum style style;
	enum tw_figure figure, of;
} rows[] = {
	{ "logins that succeeded", OF, TW_LOGINS, TW_LOGINS_ATTEMPTED },
	{ "transactions that succeeded", PERCENT, TW_SUCCESS, 0 },
	{ "transactions per second", REAL, TW_PER_SECOND, 0 },
	{ "latency p50, ms", PRECISE, TW_P50, 0 },
	{ "latency p95, ms", PRECISE, TW_P95, 0 },
	{ "latency p99, ms", PRECISE, TW_P99, 0 },
	{ "latency p99.9, ms", PRECISE, TW_P999, 0 },
	{ "latency max, ms", PRECISE, TW_MAX, 0 },
	{ "server connections, peak", COUNT, TW_PEAK, 0 },
	{ "survivors", OF, TW_SURVIVORS, TW_LOGINS },
	{ "logins per second", REAL, TW_LOGINS_PER_SECOND, 0 },
	{ "a login's CPU here, ms", PRECISE, TW_CLIENT_LOGIN_MS, 0 },
	{ "a bot's memory here, KiB", KIB, TW_CLIENT_PSS_BOT, 0 },
	{ "a backend's memory, KiB", KIB, TW_POSTGRES_PSS, 0 },
	{ "a client's at the pooler, KiB", KIB, TW_POOLER_PSS_CLIENT, 0 },
	{ "CPU here, cores", PRECISE, TW_CLIENT_CPU, 0 },
	{ "CPU of the pooler, cores", PRECISE, TW_POOLER_CPU, 0 },
	{ "CPU of PostgreSQL, cores", PRECISE, TW_POSTGRES_CPU, 0 },
};

#define ROWS (sizeof(rows) / sizeof(*rows))
#define CELL 96

/* number_text is a number in a row's style. A percentage is cut: 99.999 is not 100. */
static void
number_text(enum style style, double x, char *out, size_t size)
{
	switch (style) {
	case COUNT:
	case OF:
		snprintf(out, size, "%.*f", x != floor(x), x);
		break;
	case PERCENT:
		snprintf(out, size, "%.2f", floor(x * 10000 + 1e-9) / 100);
		break;
	case REAL:
		snprintf(out, size, "%.1f", x);
		break;
	case PRECISE:
		snprintf(out, size, "%.3f", x);
		break;
	case KIB:
		snprintf(out, size, "%.1f", x / 1024);
		break;
	}
}

/* cell_text is one cell: "55 [54..56] of 100", or "-" for what is not known. */
static void
cell_text(const struct row *row, const struct tw_target *t, char out[CELL])
{
	struct tw_spread s = tw_figures_median(t->round, t->rounds, row->figure);
	char value[24], min[24], max[24], spread[56] = "", of[32] = "";

	if (isnan(s.value)) {
		snprintf(out, CELL, "-");
		return;
	}
	number_text(row->style, s.value, value, sizeof(value));
	if (t->rounds > 1) {
		number_text(row->style, s.min, min, sizeof(min));
		number_text(row->style, s.max, max, sizeof(max));
		snprintf(spread, sizeof(spread), " [%s..%s]", min, max);
	}
	if (row->style == OF)
		snprintf(of, sizeof(of), " of %.0f",
		         tw_figures_median(t->round, t->rounds, row->of).value);
	if (row->style == PERCENT)
		snprintf(of, sizeof(of), " %%");
	snprintf(out, CELL, "%s%s%s", value, spread, of);
}

/* head_text is a column's head: the target, and what answered there. */
static void
head_text(const struct tw_target *t, char out[CELL])
{
	char label[CELL - 16];

	tw_target_label(t, label, sizeof(label));
	snprintf(out, CELL, "%s%s", label, !t->known ? "" : t->pooled ? " (pooled)" : " (direct)");
}

/* row_known tells whether a row has something to say; what people always look for is there. */
static bool
row_known(const struct tw_stress *s, const struct row *row)
{
	bool known = row->figure <= TW_PEAK;

	for (int i = 0; !known && i < TW_TARGETS; i++)
		known = s->target[i].rounds > 0 &&
		        !isnan(tw_figures_median(s->target[i].round, s->target[i].rounds,
		                                 row->figure)
		                   .value);
	return known;
}

/* columns_print prints the rows with one column or two. */
static bool
columns_print(const struct tw_stress *s, struct tw_buf *b, struct tw_err *e)
{
	const struct tw_target *column[2] = { &s->target[TW_VERSUS], &s->target[TW_DSN] };
	char cell[ROWS + 1][2][CELL];
	int first = s->versus ? 0 : 1, width = 0;
	bool ok = true;

	for (int j = first; j < 2; j++) {
		head_text(column[j], cell[0][j]);
		for (size_t i = 0; i < ROWS; i++)
			cell_text(&rows[i], column[j], cell[i + 1][j]);
	}
	for (size_t i = 0; i <= ROWS; i++) {
		if ((int)strlen(cell[i][first]) > width)
			width = (int)strlen(cell[i][first]);
	}
	for (size_t i = 0; ok && i <= ROWS; i++) {
		if (i > 0 && !row_known(s, &rows[i - 1]))
			continue;
		ok = tw_buf_printf(b, e, "%-30s", i > 0 ? rows[i - 1].label : "") &&
		     (first == 1 || tw_buf_printf(b, e, "%-*s  ", width, cell[i][0])) &&
		     tw_buf_printf(b, e, "%s\n", cell[i][1]);
	}
	return ok;
}

/* overhead_print prints what the pairs came to. */
static bool
overhead_print(const struct tw_stress *s, struct tw_buf *b, struct tw_err *e)
{
	const struct tw_overhead *o = &s->overhead;

	if (s->pairs == 0)
		return true;
	if (o->pairs == 0)
		return tw_buf_printf(b, e, "added latency: not known%s%s\n",
		                     s->overhead_error.msg[0] != '\0' ? ": " : "",
		                     s->overhead_error.msg);
	return tw_buf_printf(
	    b, e,
	    "added latency (one client, %ld interleaved pairs): p50 %.3f -> %.3f ms, "
	    "%+.3f ms (blocks %+.3f..%+.3f)\n",
	    o->pairs, o->base_ms, o->over_ms, o->difference_ms, o->min_ms, o->max_ms);
}

/* failures_print prints one line for each class of failures of a target. */
static bool
failures_print(const struct tw_target *t, bool verbose, struct tw_buf *b, struct tw_err *e)
{
	char label[CELL];
	bool ok = true;

	tw_target_label(t, label, sizeof(label));
	for (size_t i = 0; ok && i < t->failures.n; i++) {
		const struct tw_failure *f = &t->failures.item[i];

		ok = tw_buf_printf(b, e, "failed at %s: %ld x %s, %s%s%s%s%s\n", label, f->count,
		                   tw_failure_phase_word(f->phase), f->class,
		                   f->sqlstate[0] != '\0' ? " " : "", f->sqlstate,
		                   verbose ? ": " : "", verbose ? f->message : "");
	}
	return ok;
}

/* share_print appends a share as per cent, with the peak of server connections. */
static bool
share_print(double share, double peak, struct tw_buf *b, struct tw_err *e)
{
	char text[2][24] = { "-", "-" };

	if (!isnan(share))
		number_text(PERCENT, share, text[0], sizeof(text[0]));
	if (!isnan(peak))
		number_text(COUNT, peak, text[1], sizeof(text[1]));
	return tw_buf_printf(b, e, "%s %%, %s server connections", text[0], text[1]);
}

/* sweep_print prints one line for each number of bots. */
static bool
sweep_print(const struct tw_stress *s, struct tw_buf *b, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < s->sweep_n; i++) {
		const struct tw_sweep *one = &s->sweep[i];

		ok = tw_buf_printf(b, e, "%5ld bots: ", one->bots) &&
		     (!s->versus ||
		      (share_print(one->success[TW_VERSUS], one->peak[TW_VERSUS], b, e) &&
		       tw_buf_puts(b, " -> ", e))) &&
		     share_print(one->success[TW_DSN], one->peak[TW_DSN], b, e) &&
		     tw_buf_puts(b, "\n", e);
	}
	return ok;
}

/* ledger_print prints what the ledger came to. */
static bool
ledger_print(const struct tw_ledger *l, struct tw_buf *b, struct tw_err *e)
{
	if (l->table[0] == '\0')
		return true;
	if (!l->audited)
		return tw_buf_printf(b, e, "ledger: not read\n");
	return tw_buf_printf(b, e,
	                     "ledger: %ld committed, %ld lost, %ld doubled, %ld that were given up "
	                     "and are there; %ld of %ld without an answer are there\n",
	                     l->committed, l->lost, l->doubled, l->ghosts, l->open_found, l->open);
}

/* causes_print prints what held the run back. */
static bool
causes_print(const struct tw_stress *s, struct tw_buf *b, struct tw_err *e)
{
	struct tw_causes causes;
	bool ok = true;

	tw_causes_find(s, &causes);
	for (size_t i = 0; ok && i < causes.n; i++) {
		const struct tw_cause *c = &causes.item[i];

		ok = tw_buf_printf(b, e, "%s: %s (%s): %s; moved by: %s\n",
		                   i == 0 ? "bottleneck" : "also", c->name, c->what, c->evidence,
		                   c->setting);
	}
	return ok;
}

/* promises_print prints the guide's promises, where there is a before and an after. */
static bool
promises_print(const struct tw_stress *s, struct tw_buf *b, struct tw_err *e)
{
	struct tw_promise promise[TW_PROMISES];
	bool ok = true;

	if (!s->versus || s->target[TW_DSN].rounds == 0)
		return true;
	tw_promises_fill(s, promise);
	for (int i = 0; ok && i < TW_PROMISES; i++) {
		const struct tw_promise *p = &promise[i];

		if (isnan(p->value))
			ok = tw_buf_printf(b, e, "promise: %s: not measured\n", p->what);
		else
			ok = tw_buf_printf(b, e,
			                   "promise: %s: %s %g %s: %.2f [%.2f..%.2f]: %s (%s)\n",
			                   p->what, p->least ? ">=" : "<=", p->limit, p->unit,
			                   p->value, p->min, p->max,
			                   strcmp(tw_promise_result(p), "met") == 0 ? "met" : "not met",
			                   tw_promise_confidence(p, s->target[TW_DSN].rounds));
	}
	return ok;
}

bool
tw_stress_table(const struct tw_stress *s, const struct tw_judged *v, bool verbose,
                struct tw_buf *b, struct tw_err *e)
{
	bool ok = (s->target[TW_DSN].rounds + s->target[TW_VERSUS].rounds == 0 ||
	           columns_print(s, b, e)) &&
	          overhead_print(s, b, e) && failures_print(&s->target[TW_VERSUS], verbose, b, e) &&
	          failures_print(&s->target[TW_DSN], verbose, b, e);
	char line[256];

	ok = ok && sweep_print(s, b, e) && promises_print(s, b, e) && ledger_print(&s->ledger, b, e) && causes_print(s, b, e);
	if (ok && s->frozen[0] != '\0')
		ok = tw_buf_printf(b, e, "frozen: %s\n", s->frozen);
	for (size_t i = 0; ok && i < v->n; i++) {
		tw_limit_text(&v->item[i], line, sizeof(line));
		ok = v->item[i].met || tw_buf_printf(b, e, "missed: %s\n", line);
	}
	return ok;
}
