/* SPDX-License-Identifier: ISC */
/*
 * verdict.h: what the checks come to: results with a status, a sentence and metrics, and the
 * thresholds that metrics are held against.
 */
#pragma once

#include "base/json.h"
#include "base/range.h"
#include "cause.h"
#include "stress/sample.h"

/* The exit codes of a monitoring plugin. */
enum tw_status {
	TW_STATUS_OK,
	TW_STATUS_WARNING,
	TW_STATUS_CRITICAL,
	TW_STATUS_UNKNOWN,
};

/*
 * tw_status_worse is the worse of two: OK < WARNING < UNKNOWN < CRITICAL. Neither OK nor WARNING
 * hides that something could not be found out, and what is known to be broken comes first.
 */
enum tw_status tw_status_worse(enum tw_status a, enum tw_status b);

/* tw_status_word is "ok", "warning", "critical" or "unknown". */
const char *tw_status_word(enum tw_status status);

/* The metrics that have thresholds. */
enum tw_metric_id {
	TW_METRIC_WAITING,
	TW_METRIC_MAXWAIT,
	TW_METRIC_SERVERS,
	TW_METRIC_CLIENTS,
	TW_METRIC_CONNECTIONS,
	TW_METRIC_LOGIN,
	TW_METRIC_MEAN_WAIT,
	TW_METRIC_DESCRIPTORS,
	TW_METRIC_MEMORY,
	TW_METRIC_STRAGGLERS,
	TW_METRIC_CERTIFICATE,
	TW_METRIC_ADVISORIES,
	/* Of a pool, and shown only where a threshold is set. */
	TW_METRIC_CL_ACTIVE,
	TW_METRIC_SV_ACTIVE,
	TW_METRIC_SV_IDLE,
	TW_METRIC_SV_USED,
	TW_METRIC_SV_TESTED,
	TW_METRIC_SV_LOGIN,
	TW_METRICS,
};

/* A metric's thresholds: in per cent of its maximum where it has one. */
struct tw_threshold {
	bool has_warning, has_critical;
	struct tw_range warning, critical;
};

struct tw_thresholds {
	struct tw_threshold item[TW_METRICS];
	const json_t *before; /* what alerted in the last run, of linger.h; borrowed, or NULL */
};

/* tw_thresholds_default sets those that hold where nothing else is asked for. */
void tw_thresholds_default(struct tw_thresholds *t);

/*
 * tw_thresholds_set reads "METRIC=RANGE", for CRITICAL or else for WARNING. METRIC may be what
 * check_postgres calls it, "pgb_pool_maxwait". EX_USAGE.
 */
bool tw_thresholds_set(struct tw_thresholds *t, bool critical, const char *text, struct tw_err *e);

/* One value, NAN where it is unknown; its thresholds are in its own unit. */
struct tw_metric {
	const char *name;
	const char *unit; /* "s", "B", or "" */
	double value;
	double max; /* NAN where there is none */
	struct tw_threshold threshold;
	enum tw_status status; /* OK, or the threshold that it is beyond */
};

/* What one check found about one object: a pool, or nothing in particular ("" and ""). */
#define TW_RESULT_METRICS 9
struct tw_result {
	const char *check;
	enum tw_status status;
	bool moot;    /* it only follows from another result */
	bool lingers; /* a metric is beyond its threshold only since it was in the last run */
	enum tw_cause cause;
	const char *object; /* what else than a pool it is about, or NULL; static */
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
	char summary[768];
	size_t n;
	struct tw_metric metric[TW_RESULT_METRICS];
};

/* A check that could not be made for want of rights or of somebody to ask, which is no news. */
struct tw_unjudged {
	const char *check;
	const char *reason; /* static */
};

#define TW_UNJUDGED_MAX 16
struct tw_verdict {
	size_t n;
	struct tw_result *item;
	size_t unjudged_n;
	struct tw_unjudged unjudged[TW_UNJUDGED_MAX];
};

#define TW_VERDICT_INIT           \
	{                         \
		0, NULL, 0,       \
		{                 \
			{         \
				0 \
			}         \
		}                 \
	}

void tw_verdict_free(struct tw_verdict *v);

/*
 * tw_verdict_add adds a result that is OK and says nothing; borrowed, valid until the next one is
 * added. NULL without memory (EX_OSERR).
 */
struct tw_result *tw_verdict_add(struct tw_verdict *v, const char *check, struct tw_err *e);

/* tw_verdict_unjudged notes that a check is left out; always true. Both texts are static. */
bool tw_verdict_unjudged(struct tw_verdict *v, const char *check, const char *reason);

/* tw_verdict_status is the worst of all; UNKNOWN where nothing was checked. */
enum tw_status tw_verdict_status(const struct tw_verdict *v);

/*
 * tw_result_raise makes a result's status worse, never better; the first cause of what is not OK
 * stays.
 */
void tw_result_raise(struct tw_result *r, enum tw_status status, enum tw_cause cause);

/* tw_result_say sets a result's sentence. */
void tw_result_say(struct tw_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* tw_result_count adds a number that has no thresholds. */
void tw_result_count(struct tw_result *r, const char *name, double value);

/*
 * tw_result_measure adds a metric and raises the status where its thresholds say so. Thresholds in
 * per cent of a maximum that is not known, or 0, are none. A metric that is shown only with
 * thresholds is left out without. One that alerted in the last run does so a tenth longer: of which
 * object it is must be set before.
 */
void tw_result_measure(struct tw_result *r, const struct tw_thresholds *t, enum tw_metric_id id,
                       double value, double max);
