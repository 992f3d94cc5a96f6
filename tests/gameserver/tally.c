/* SPDX-License-Identifier: ISC */
#include "tally.h"

#include <math.h>
#include <stdlib.h>

void
tally_error(struct tally *t, const char *message)
{
	t->errors++;
	if (!t->messages)
		t->messages = json_object();
	json_int_t n = json_integer_value(json_object_get(t->messages, message));
	json_object_set_new(t->messages, message, json_integer(n + 1));
}

void
tally_answer(struct tally *t, bool ok, double seconds)
{
	t->answers++;
	t->ok += ok;
	if (t->times == t->room) {
		size_t room = t->room ? 2 * t->room : 1024;
		double *ms = realloc(t->ms, room * sizeof *ms);
		if (!ms)
			return;
		t->ms = ms;
		t->room = room;
	}
	t->ms[t->times++] = seconds * 1000;
}

/* rate is NAN where nothing can be said. */
static double
rate(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

bool
tally_good(const struct tally *t, double min, bool expected)
{
	const double slack = 1e-9; /* 0.55 is 55 of 100 */
	if (!(rate(t->logins, t->bots) >= min - slack))
		return false;
	if (t->commands == 0)
		return !expected && t->survivors >= (min - slack) * t->logins;
	return rate((double)t->ok, (double)t->commands) >= min - slack &&
	       rate(t->survivors, t->logins) >= min - slack;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* percentile is by nearest rank, of sorted times; NAN without any. */
static double
percentile(const struct tally *t, double p)
{
	if (t->times == 0)
		return NAN;
	size_t rank = (size_t)ceil(p / 100 * (double)t->times);
	return t->ms[rank > 0 ? rank - 1 : 0];
}

/* number rounds to three decimals for times, six for rates; NAN becomes null. */
static json_t *
number(double v, double unit)
{
	return isnan(v) ? json_null() : json_real(round(v * unit) / unit);
}

json_t *
tally_json(struct tally *t)
{
	if (t->times)
		qsort(t->ms, t->times, sizeof *t->ms, compare);
	json_t *messages = t->messages ? json_incref(t->messages) : json_object();
	return json_pack(
	    "{s:i s:s s:i s:i s:i s:i s:o s:I s:I s:o s:I s:i s:o s:I s:o s:o s:o s:o}", "schema",
	    1, "tool", "bots", "bots", t->bots, "logins", t->logins, "refused", t->refused,
	    "login_timeouts", t->login_timeouts, "login_success",
	    number(rate(t->logins, t->bots), 1e6), "commands", (json_int_t)t->commands, "answers",
	    (json_int_t)t->answers, "command_success",
	    number(rate((double)t->ok, (double)t->commands), 1e6), "timeouts",
	    (json_int_t)t->timeouts, "survivors", t->survivors, "survival",
	    number(rate(t->survivors, t->logins), 1e6), "errors", (json_int_t)t->errors,
	    "errors_by_message", messages, "command_p50_ms", number(percentile(t, 50), 1e3),
	    "command_p95_ms", number(percentile(t, 95), 1e3), "duration_seconds",
	    number(t->seconds, 1e3));
}

void
tally_free(struct tally *t)
{
	json_decref(t->messages);
	free(t->ms);
	*t = (struct tally)TALLY_INIT;
}
