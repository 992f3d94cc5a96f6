/* SPDX-License-Identifier: ISC */
/* linger.c: which metrics alerted, by all that a label is made of. */
#include "linger.h"

#include <math.h>

/* What a metric must be clear of its threshold by, of that. */
#define MARGIN 0.1

json_t *
tw_linger_json(const struct tw_verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++) {
		const struct tw_result *r = &v->item[i];

		for (size_t j = 0; j < r->n; j++) {
			if (r->metric[j].status == TW_STATUS_OK)
				continue;
			json_array_append_new(
			    list, json_pack("{ss ss so so ss ss}", "check", r->check, "object",
			                    r->object != NULL ? r->object : "", "database",
			                    tw_json_name(r->database), "user",
			                    tw_json_name(r->user), "metric", r->metric[j].name,
			                    "status", tw_status_word(r->metric[j].status)));
		}
	}
	return list;
}

enum tw_status
tw_linger_status(const json_t *before, const struct tw_result *r, const char *metric)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (before, i, entry) {
		if (!tw_json_is(entry, "check", r->check) || !tw_json_is(entry, "metric", metric) ||
		    !tw_json_is(entry, "object", r->object != NULL ? r->object : "") ||
		    !tw_json_is(entry, "database", r->database) ||
		    !tw_json_is(entry, "user", r->user))
			continue;
		return tw_json_is(entry, "status", tw_status_word(TW_STATUS_CRITICAL))
		           ? TW_STATUS_CRITICAL
		           : TW_STATUS_WARNING;
	}
	return TW_STATUS_OK;
}

/* moved is a bound further off by a tenth of itself; there is none of an infinite one. */
static double
moved(double bound, int direction)
{
	return isinf(bound) ? bound : bound + direction * MARGIN * fabs(bound);
}

bool
tw_linger_alerts(const struct tw_range *range, double value)
{
	/* What alerts inside gets larger, what alerts outside smaller. */
	int in = range->inside ? -1 : 1;
	struct tw_range wider = { moved(range->start, in), moved(range->end, -in), range->inside };

	/* Of a range that is narrower than that nothing would be left. */
	return wider.start <= wider.end && tw_range_alerts(&wider, value);
}
