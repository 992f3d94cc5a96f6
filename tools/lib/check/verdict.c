/* SPDX-License-Identifier: ISC */
/* verdict.c: statuses and their order, thresholds, and results. */
#include "linger.h"
#include "verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *unit;
	bool percent;             /* its thresholds are in per cent of its maximum */
	double warning, critical; /* the defaults, NAN: none */
	enum tw_cause cause;      /* why it is beyond its thresholds */
	bool least, optional;     /* the defaults are the least; shown only with thresholds */
} metrics[TW_METRICS] = {
	[TW_METRIC_WAITING] = { "waiting", "", false, NAN, NAN, TW_CAUSE_SLOW, false, false },
	[TW_METRIC_MAXWAIT] = { "maxwait", "s", false, 1, 5, TW_CAUSE_SLOW, false, false },
	[TW_METRIC_SERVERS] = { "servers", "", true, NAN, NAN, TW_CAUSE_EXHAUSTED, false, false },
	[TW_METRIC_CLIENTS] = { "clients", "", true, 80, 95, TW_CAUSE_CLIENTS, false, false },
	[TW_METRIC_CONNECTIONS] = { "connections", "", true, 90, 95, TW_CAUSE_CONNECTIONS, false,
	                            false },
	[TW_METRIC_LOGIN] = { "login", "s", false, NAN, NAN, TW_CAUSE_SLOW, false, false },
	[TW_METRIC_MEAN_WAIT] = { "mean_wait", "s", false, 0.05, 0.5, TW_CAUSE_SLOW, false, false },
	[TW_METRIC_DESCRIPTORS] = { "descriptors", "", true, 80, 90, TW_CAUSE_DESCRIPTORS, false,
	                            false },
	[TW_METRIC_MEMORY] = { "memory", "B", true, 80, 90, TW_CAUSE_MEMORY, false, false },
	[TW_METRIC_STRAGGLERS] = { "stragglers", "", false, 0, NAN, TW_CAUSE_STRAGGLERS, false,
	                           false },
	[TW_METRIC_CERTIFICATE] = { "certificate", "", false, 14, 3, TW_CAUSE_CERTIFICATE, true,
	                            false },
	[TW_METRIC_ADVISORIES] = { "advisories", "", false, NAN, NAN, TW_CAUSE_ADVISORIES, false,
	                           false },
	[TW_METRIC_CL_ACTIVE] = { "cl_active", "", false, NAN, NAN, TW_CAUSE_SLOW, false, true },
	[TW_METRIC_SV_ACTIVE] = { "sv_active", "", false, NAN, NAN, TW_CAUSE_EXHAUSTED, false,
	                          true },
	[TW_METRIC_SV_IDLE] = { "sv_idle", "", false, NAN, NAN, TW_CAUSE_EXHAUSTED, false, true },
	[TW_METRIC_SV_USED] = { "sv_used", "", false, NAN, NAN, TW_CAUSE_EXHAUSTED, false, true },
	[TW_METRIC_SV_TESTED] = { "sv_tested", "", false, NAN, NAN, TW_CAUSE_EXHAUSTED, false,
	                          true },
	[TW_METRIC_SV_LOGIN] = { "sv_login", "", false, NAN, NAN, TW_CAUSE_STRANDED, false, true },
};

/*
 * What check_postgres calls them: pgb_pool_ and a column, and pgbouncer_backends, which is in per
 * cent too.
 */
static const struct {
	const char *name;
	enum tw_metric_id id;
} aliases[] = {
	{ "pgb_pool_cl_waiting", TW_METRIC_WAITING },
	{ "pgb_pool_maxwait", TW_METRIC_MAXWAIT },
	{ "pgbouncer_backends", TW_METRIC_CLIENTS },
	{ "pgb_pool_cl_active", TW_METRIC_CL_ACTIVE },
	{ "pgb_pool_sv_active", TW_METRIC_SV_ACTIVE },
	{ "pgb_pool_sv_idle", TW_METRIC_SV_IDLE },
	{ "pgb_pool_sv_used", TW_METRIC_SV_USED },
	{ "pgb_pool_sv_tested", TW_METRIC_SV_TESTED },
	{ "pgb_pool_sv_login", TW_METRIC_SV_LOGIN },
	{ "cl_waiting", TW_METRIC_WAITING },
};

enum tw_status
tw_status_worse(enum tw_status a, enum tw_status b)
{
	static const int badness[] = {
		[TW_STATUS_OK] = 0,
		[TW_STATUS_WARNING] = 1,
		[TW_STATUS_UNKNOWN] = 2,
		[TW_STATUS_CRITICAL] = 3,
	};

	return badness[b] > badness[a] ? b : a;
}

const char *
tw_status_word(enum tw_status status)
{
	static const char *const words[] = {
		[TW_STATUS_OK] = "ok",
		[TW_STATUS_WARNING] = "warning",
		[TW_STATUS_CRITICAL] = "critical",
		[TW_STATUS_UNKNOWN] = "unknown",
	};

	return words[status];
}

/* range_default is the range whose one end is a default. */
static struct tw_range
range_default(double bound, bool least)
{
	return least ? (struct tw_range){ bound, INFINITY, false }
	             : (struct tw_range){ 0, bound, false };
}

/* metric_find is the metric with this name, or alias, of n bytes; TW_METRICS where there is none.
 */
static size_t
metric_find(const char *name, size_t n)
{
	for (size_t i = 0; i < TW_METRICS; i++) {
		if (strlen(metrics[i].name) == n && strncmp(metrics[i].name, name, n) == 0)
			return i;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		if (strlen(aliases[i].name) == n && strncmp(aliases[i].name, name, n) == 0)
			return aliases[i].id;
	}
	return TW_METRICS;
}

void
tw_thresholds_default(struct tw_thresholds *t)
{
	for (size_t i = 0; i < TW_METRICS; i++)
		t->item[i] = (struct tw_threshold){
			.has_warning = !isnan(metrics[i].warning),
			.has_critical = !isnan(metrics[i].critical),
			.warning = range_default(metrics[i].warning, metrics[i].least),
			.critical = range_default(metrics[i].critical, metrics[i].least),
		};
}

/* metric_unknown words the refusal of a threshold, with the list of all metrics. */
static bool
metric_unknown(const char *text, struct tw_err *e)
{
	char list[256] = "";

	for (size_t i = 0; i < TW_METRICS; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
		         metrics[i].name);
	}
	tw_fail(e, EX_USAGE, "'%s' is not METRIC=RANGE", text);
	return tw_hint(e, "METRIC is one of %s.", list);
}

bool
tw_thresholds_set(struct tw_thresholds *t, bool critical, const char *text, struct tw_err *e)
{
	size_t n = strcspn(text, "="), i = metric_find(text, n);
	struct tw_range range;

	if (i == TW_METRICS || text[n] == '\0')
		return metric_unknown(text, e);
	if (!tw_range_parse(text + n + 1, &range, e))
		return tw_context(e, "--%s %s", critical ? "critical" : "warning", metrics[i].name);
	if (critical) {
		t->item[i].has_critical = true;
		t->item[i].critical = range;
	} else {
		t->item[i].has_warning = true;
		t->item[i].warning = range;
	}
	return true;
}

void
tw_verdict_free(struct tw_verdict *v)
{
	free(v->item);
	*v = (struct tw_verdict)TW_VERDICT_INIT;
}

struct tw_result *
tw_verdict_add(struct tw_verdict *v, const char *check, struct tw_err *e)
{
	struct tw_result *grown = realloc(v->item, (v->n + 1) * sizeof(*grown));

	if (grown == NULL) {
		tw_fail(e, EX_OSERR, "out of memory");
		return NULL;
	}
	v->item = grown;
	grown[v->n] = (struct tw_result){ .check = check };
	return &grown[v->n++];
}

bool
tw_verdict_unjudged(struct tw_verdict *v, const char *check, const char *reason)
{
	if (v->unjudged_n < TW_UNJUDGED_MAX)
		v->unjudged[v->unjudged_n++] = (struct tw_unjudged){ check, reason };
	return true;
}

enum tw_status
tw_verdict_status(const struct tw_verdict *v)
{
	enum tw_status worst = v->n > 0 ? TW_STATUS_OK : TW_STATUS_UNKNOWN;

	for (size_t i = 0; i < v->n; i++)
		worst = tw_status_worse(worst, v->item[i].status);
	return worst;
}

void
tw_result_raise(struct tw_result *r, enum tw_status status, enum tw_cause cause)
{
	if (r->cause == TW_CAUSE_NONE && status != TW_STATUS_OK)
		r->cause = cause;
	r->status = tw_status_worse(r->status, status);
}

void
tw_result_say(struct tw_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->summary, sizeof(r->summary), fmt, ap);
	va_end(ap);
}

/* metric_add keeps a metric, as far as there is room. */
static void
metric_add(struct tw_result *r, const struct tw_metric *m)
{
	if (r->n < TW_RESULT_METRICS)
		r->metric[r->n++] = *m;
}

void
tw_result_count(struct tw_result *r, const char *name, double value)
{
	metric_add(r, &(struct tw_metric){ .name = name, .unit = "", .value = value, .max = NAN });
}

/* range_scale turns a range in per cent into one of the whole; of bytes there is no half one. */
static void
range_scale(struct tw_range *range, double whole, const char *unit)
{
	range->start = range->start * whole / 100;
	range->end = range->end * whole / 100;
	if (strcmp(unit, "B") == 0) {
		range->start = floor(range->start);
		range->end = floor(range->end);
	}
}

/* threshold_status is how a value stands to thresholds, where `before` is how it did. */
static enum tw_status
threshold_status(const struct tw_threshold *t, enum tw_status before, double value)
{
	if (t->has_critical &&
	    (tw_range_alerts(&t->critical, value) ||
	     (before == TW_STATUS_CRITICAL && tw_linger_alerts(&t->critical, value))))
		return TW_STATUS_CRITICAL;
	if (t->has_warning && (tw_range_alerts(&t->warning, value) ||
	                       (before != TW_STATUS_OK && tw_linger_alerts(&t->warning, value))))
		return TW_STATUS_WARNING;
	return TW_STATUS_OK;
}

void
tw_result_measure(struct tw_result *r, const struct tw_thresholds *t, enum tw_metric_id id,
                  double value, double max)
{
	struct tw_metric m = { metrics[id].name, metrics[id].unit, value, max,
		               t->item[id],      TW_STATUS_OK };

	if (metrics[id].optional && !m.threshold.has_warning && !m.threshold.has_critical)
		return;
	if (metrics[id].percent && max > 0) {
		range_scale(&m.threshold.warning, max, m.unit);
		range_scale(&m.threshold.critical, max, m.unit);
	} else if (metrics[id].percent) {
		m.threshold = (struct tw_threshold){ 0 };
		m.max = NAN;
	}
	if (!isnan(value)) {
		enum tw_status plain = threshold_status(&m.threshold, TW_STATUS_OK, value);

		m.status = threshold_status(&m.threshold, tw_linger_status(t->before, r, m.name),
		                            value);
		r->lingers = r->lingers || m.status != plain;
		tw_result_raise(r, m.status, metrics[id].cause);
	}
	metric_add(r, &m);
}
