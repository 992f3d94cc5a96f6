/* SPDX-License-Identifier: ISC */
/* figures.c: the figures as rows: where they stand in JSON, and what several of them come to. */
#include "figures.h"

#include <math.h>
#include <stdlib.h>

/* A pool in which nothing has happened for so long (us) is held: a client between two statements
 * takes less. */
#define STILL 100000

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
	[TW_P999] = { "latency_ms", "p99_9", false, MEDIAN, 0, 0 },
	[TW_MAX] = { "latency_ms", "max", false, MEDIAN, 0, 0 },
	[TW_PEAK] = { "server_connections", "peak", true, HIGHEST, 0, 0 },
	[TW_LOGINS_PER_SECOND] = { "logins", "per_second", false, MEDIAN, 0, 0 },
	[TW_RELOGINS] = { "logins", "again", true, SUM, 0, 0 },
	[TW_CLIENT_CPU] = { "client", "cpu_cores", false, MEDIAN, 0, 0 },
	[TW_CLIENT_LOGIN_MS] = { "client", "cpu_per_login_ms", false, MEDIAN, 0, 0 },
	[TW_CLIENT_TRANSACTION_US] = { "client", "cpu_per_transaction_us", false, MEDIAN, 0, 0 },
	[TW_CLIENT_PSS] = { "client", "pss_bytes", true, HIGHEST, 0, 0 },
	[TW_CLIENT_PSS_BOT] = { "client", "pss_per_bot_bytes", true, HIGHEST, 0, 0 },
	[TW_POOLER_CPU] = { "pooler", "cpu_cores", false, MEDIAN, 0, 0 },
	[TW_POOLER_LOGIN_CPU] = { "pooler", "login_cpu_cores", false, MEDIAN, 0, 0 },
	[TW_POOLER_LOGIN_MS] = { "pooler", "cpu_per_login_ms", false, MEDIAN, 0, 0 },
	[TW_POOLER_TRANSACTION_US] = { "pooler", "cpu_per_transaction_us", false, MEDIAN, 0, 0 },
	[TW_POOLER_PSS] = { "pooler", "pss_bytes", true, HIGHEST, 0, 0 },
	[TW_POOLER_PSS_CLIENT] = { "pooler", "pss_per_client_bytes", true, HIGHEST, 0, 0 },
	[TW_POOLER_DESCRIPTORS] = { "pooler", "descriptors", true, HIGHEST, 0, 0 },
	[TW_POOLER_DESCRIPTORS_LIMIT] = { "pooler", "descriptors_limit", true, HIGHEST, 0, 0 },
	[TW_POSTGRES_CPU] = { "postgres", "cpu_cores", false, MEDIAN, 0, 0 },
	[TW_POSTGRES_PSS] = { "postgres", "pss_per_backend_bytes", true, HIGHEST, 0, 0 },
	[TW_HOST_IDLE] = { "machine", "idle_cores", false, MEDIAN, 0, 0 },
	[TW_WAITING] = { "pools", "waiting_peak", true, HIGHEST, 0, 0 },
	[TW_LONGEST_WAIT] = { "pools", "longest_wait_ms", false, HIGHEST, 0, 0 },
	[TW_POOL_LIMIT] = { "pools", "limit", true, HIGHEST, 0, 0 },
	[TW_POOL_FULL] = { "pools", "full", false, MEDIAN, 0, 0 },
	[TW_POOL_HELD] = { "pools", "held", false, MEDIAN, 0, 0 },
	[TW_POOL_STILL] = { "pools", "still", false, MEDIAN, 0, 0 },
	[TW_POOL_EMPTY] = { "pools", "empty", false, MEDIAN, 0, 0 },
	[TW_LOCKED] = { "postgres", "waiting_for_locks", false, MEDIAN, 0, 0 },
};

/* rate_of is a cumulated time per second between two marks; NAN where one is not known. */
static double
rate_of(double before, double after, tw_us from, tw_us to)
{
	return to > from ? (after - before) / ((double)(to - from) / 1e6) : NAN;
}

/* per divides; NAN where there is nothing to divide by. */
static double
per(double x, double n)
{
	return n > 0 ? x / n : NAN;
}

/* client_fill: what the bots cost ourselves. */
static void
client_fill(const struct tw_tally *t, double *v)
{
	v[TW_CLIENT_CPU] = per(t->cost.cpu_seconds, t->seconds);
	v[TW_CLIENT_LOGIN_MS] = per(t->cost.login_cpu_seconds * 1000, (double)t->logins);
	v[TW_CLIENT_TRANSACTION_US] = per(t->cost.cpu_seconds * 1e6, (double)t->in_time);
	v[TW_CLIENT_PSS] = t->cost.pss_bytes > 0 ? t->cost.pss_bytes : NAN;
	v[TW_CLIENT_PSS_BOT] = per(v[TW_CLIENT_PSS], (double)t->bots);
}

/* processes_fill: what they cost the others. */
static void
processes_fill(const struct tw_tally *t, const struct tw_gauge *g, bool pooler, double *v)
{
	const struct tw_gauge_cpu *a = &g->cpu[TW_GAUGE_BEGIN], *in = &g->cpu[TW_GAUGE_IN];
	const struct tw_gauge_cpu *b = &g->cpu[TW_GAUGE_PLAY], *c = &g->cpu[TW_GAUGE_END];

	v[TW_POSTGRES_CPU] = rate_of(b->postgres, c->postgres, b->at, c->at);
	v[TW_POSTGRES_PSS] = g->backend_pss;
	v[TW_HOST_IDLE] = rate_of(b->idle, c->idle, b->at, c->at);
	if (!pooler)
		return;
	v[TW_POOLER_CPU] = rate_of(b->pooler, c->pooler, b->at, c->at);
	v[TW_POOLER_LOGIN_CPU] = rate_of(a->pooler, in->pooler, a->at, in->at);
	v[TW_POOLER_LOGIN_MS] = per((in->pooler - a->pooler) * 1000, (double)t->logins);
	v[TW_POOLER_TRANSACTION_US] = per((c->pooler - b->pooler) * 1e6, (double)t->in_time);
	v[TW_POOLER_PSS] = g->pooler_pss;
	v[TW_POOLER_PSS_CLIENT] = per(g->pooler_pss, (double)g->pooler_clients);
	v[TW_POOLER_DESCRIPTORS] = g->descriptors >= 0 ? (double)g->descriptors : NAN;
	v[TW_POOLER_DESCRIPTORS_LIMIT] =
	    g->descriptors_limit >= 0 ? (double)g->descriptors_limit : NAN;
}

/*
 * pools_fill: shares of the samples in which clients waited while every server connection was at
 * work, or was held by an open transaction, for long, or there was none.
 */
static void
pools_fill(const struct tw_gauge *g, bool pooler, double *v)
{
	double n = 0, full = 0, held = 0, still = 0, empty = 0, locked = 0, asked = 0;

	if (g->n == 0)
		return;
	v[TW_WAITING] = v[TW_LONGEST_WAIT] = v[TW_POOL_LIMIT] = pooler ? 0 : NAN;
	for (size_t i = 0; i < g->n; i++) {
		const struct tw_gauge_point *p = &g->point[i];
		bool all = p->limit > 0 && p->active >= p->limit && p->waiting > 0;

		n++;
		full += all;
		held += p->waiting > 0 && p->held > 0 && p->held >= p->active;
		still += p->waiting > 0 && p->still_us >= STILL;
		empty += p->waiting > 0 && p->servers == 0;
		asked += p->locked >= 0;
		locked += p->locked > 0 ? (double)p->locked : 0;
		v[TW_WAITING] = fmax(v[TW_WAITING], pooler ? (double)p->waiting : NAN);
		v[TW_LONGEST_WAIT] =
		    fmax(v[TW_LONGEST_WAIT], pooler ? (double)p->maxwait_us / 1000 : NAN);
		v[TW_POOL_LIMIT] = fmax(v[TW_POOL_LIMIT], pooler ? (double)p->limit : NAN);
	}
	v[TW_LOCKED] = per(locked, asked);
	v[TW_POOL_FULL] = pooler ? full / n : NAN;
	v[TW_POOL_HELD] = pooler ? held / n : NAN;
	v[TW_POOL_STILL] = pooler ? still / n : NAN;
	v[TW_POOL_EMPTY] = pooler ? empty / n : NAN;
}

void
tw_figures_of(const struct tw_tally *t, const struct tw_gauge *g, long peak, bool pooler,
              struct tw_figures *f)
{
	double *v = f->value;

	for (int i = 0; i < TW_FIGURES; i++)
		v[i] = NAN;
	client_fill(t, v);
	processes_fill(t, g, pooler, v);
	pools_fill(g, pooler, v);
	v[TW_RELOGINS] = (double)t->relogins;
	v[TW_LOGINS_PER_SECOND] = per((double)t->logins, t->login_seconds);
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
	v[TW_P999] = tw_latencies_ms(&t->transaction, 99.9);
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
