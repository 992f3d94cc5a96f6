/* SPDX-License-Identifier: ISC */
/* figures.c: the figures as rows: where they stand in JSON, and what several of them come to. */
#include "figures.h"

#include <math.h>
#include <stdlib.h>

enum sum { MEDIAN, SUM, HIGHEST, RATE };

/* One figure. A whole number is one in JSON too. `of`, `to`: what a rate is computed from. */
struct row {
	const char *section, *key;
	bool whole;
	enum sum sum;
	enum tw_figure of, to;
};

static const struct row rows[TW_FIGURES] = {
	[TW_LOGINS_ATTEMPTED] = { "logins", "attempted", true, SUM, 0, 0 },
	[TW_LOGINS] = { "logins", "succeeded", true, SUM, 0, 0 },
	[TW_LOGIN_SUCCESS] = { "logins", "success", false, RATE, TW_LOGINS, TW_LOGINS_ATTEMPTED },
	[TW_LOGIN_P50] = { "logins", "p50_ms", false, MEDIAN, 0, 0 },
	[TW_LOGIN_P99] = { "logins", "p99_ms", false, MEDIAN, 0, 0 },
	[TW_LOGIN_MAX] = { "logins", "max_ms", false, MEDIAN, 0, 0 },
	[TW_LOGIN_SECONDS] = { "logins", "phase_seconds", false, MEDIAN, 0, 0 },
	[TW_TRANSACTIONS_ATTEMPTED] = { "transactions", "attempted", true, SUM, 0, 0 },
	[TW_TRANSACTIONS] = { "transactions", "succeeded", true, SUM, 0, 0 },
	[TW_SUCCESS] = { "transactions", "success", false, RATE, TW_TRANSACTIONS,
	                 TW_TRANSACTIONS_ATTEMPTED },
	[TW_PER_SECOND] = { "transactions", "per_second", false, MEDIAN, 0, 0 },
	[TW_SECONDS] = { "transactions", "phase_seconds", false, MEDIAN, 0, 0 },
	[TW_SURVIVORS] = { NULL, "survivors", true, SUM, 0, 0 },
	[TW_SURVIVAL] = { NULL, "survival", false, RATE, TW_SURVIVORS, TW_LOGINS },
	[TW_P50] = { "latency_ms", "p50", false, MEDIAN, 0, 0 },
	[TW_P95] = { "latency_ms", "p95", false, MEDIAN, 0, 0 },
	[TW_P99] = { "latency_ms", "p99", false, MEDIAN, 0, 0 },
	[TW_MAX] = { "latency_ms", "max", false, MEDIAN, 0, 0 },
	[TW_PEAK] = { "server_connections", "peak", true, HIGHEST, 0, 0 },
};

void
tw_figures_of(const struct tw_tally *t, long peak, struct tw_figures *f)
{
	double *v = f->value;

	v[TW_LOGINS_ATTEMPTED] = (double)t->attempted;
	v[TW_LOGINS] = (double)t->logins;
	v[TW_LOGIN_P50] = tw_latencies_ms(&t->login, 50);
	v[TW_LOGIN_P99] = tw_latencies_ms(&t->login, 99);
	v[TW_LOGIN_MAX] = tw_latencies_ms(&t->login, 100);
	v[TW_LOGIN_SECONDS] = t->login_seconds;
	v[TW_TRANSACTIONS_ATTEMPTED] = (double)t->begun;
	v[TW_TRANSACTIONS] = (double)t->transactions;
	v[TW_PER_SECOND] = t->seconds > 0 && t->logins > 0 ? (double)t->in_time / t->seconds : NAN;
	v[TW_SECONDS] = t->seconds;
	v[TW_SURVIVORS] = (double)t->survivors;
	v[TW_P50] = tw_latencies_ms(&t->transaction, 50);
	v[TW_P95] = tw_latencies_ms(&t->transaction, 95);
	v[TW_P99] = tw_latencies_ms(&t->transaction, 99);
	v[TW_MAX] = tw_latencies_ms(&t->transaction, 100);
	v[TW_PEAK] = peak >= 0 ? (double)peak : NAN;
	for (int i = 0; i < TW_FIGURES; i++) {
		if (rows[i].sum == RATE)
			v[i] = v[rows[i].to] > 0 ? v[rows[i].of] / v[rows[i].to] : NAN;
	}
}

/* double_compare orders two numbers for qsort. */
static int
double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* sum_of adds up one figure over all rounds. */
static double
sum_of(const struct tw_figures *round, size_t n, enum tw_figure which)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += round[i].value[which];
	return sum;
}

struct tw_spread
tw_figures_median(const struct tw_figures *round, size_t n, enum tw_figure which)
{
	struct tw_spread s = { NAN, NAN, NAN };
	double *known = calloc(n, sizeof(*known));
	size_t k = 0;

	for (size_t i = 0; known != NULL && i < n; i++) {
		if (!isnan(round[i].value[which]))
			known[k++] = round[i].value[which];
	}
	if (k > 0) {
		qsort(known, k, sizeof(*known), double_compare);
		s = (struct tw_spread){ (known[(k - 1) / 2] + known[k / 2]) / 2, known[0],
			                known[k - 1] };
	}
	free(known);
	return s;
}

struct tw_spread
tw_figures_spread(const struct tw_figures *round, size_t n, enum tw_figure which)
{
	struct tw_spread s = tw_figures_median(round, n, which);
	double whole;

	switch (rows[which].sum) {
	case MEDIAN:
		break;
	case SUM:
		s.value = sum_of(round, n, which);
		break;
	case HIGHEST:
		s.value = s.max;
		break;
	case RATE:
		whole = sum_of(round, n, rows[which].to);
		s.value = whole > 0 ? sum_of(round, n, rows[which].of) / whole : NAN;
		break;
	}
	return s;
}

json_t *
tw_figures_number(double x)
{
	return isnan(x) ? json_null() : json_real(round(x * 1000) / 1000);
}

/* figure_json is a figure in JSON. A rate is not rounded: 0.9996 is not 1. */
static json_t *
figure_json(const struct row *row, double x)
{
	if (isnan(x))
		return json_null();
	if (row->whole)
		return json_integer((json_int_t)x);
	return row->sum == RATE ? json_real(x) : tw_figures_number(x);
}

bool
tw_figures_json(const struct tw_figures *round, size_t n, json_t *object, struct tw_err *e)
{
	for (int i = 0; i < TW_FIGURES; i++) {
		const struct row *row = &rows[i];
		double x = tw_figures_spread(round, n, (enum tw_figure)i).value;
		json_t *section = row->section ? json_object_get(object, row->section) : object;

		if (section == NULL) {
			section = json_object();
			json_object_set_new(object, row->section, section);
		}
		if (json_object_set_new(section, row->key, figure_json(row, x)) != 0)
			return tw_fail(e, EX_OSERR, "out of memory");
	}
	return true;
}
