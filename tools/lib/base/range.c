/* SPDX-License-Identifier: ISC */
/* range.c: the grammar of the Monitoring Plugins' developer guidelines, and nothing beside it. */
#include "range.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond it a number has no place in a threshold, and none in the buffers here. */
#define NUMBER_MOST 1e15

/* number_parse reads a decimal number of n bytes: a sign, digits, a point, and no exponent. */
static bool
number_parse(const char *text, size_t n, double *out)
{
	char copy[TW_NUMBER_SIZE], *end;
	double x;

	if (n == 0 || n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (strspn(copy, "-0123456789.") != n)
		return false;
	x = strtod(copy, &end);
	if (end == copy || *end != '\0' || fabs(x) > NUMBER_MOST)
		return false;
	*out = x;
	return true;
}

/* bounds_parse reads what stands behind the "@". */
static bool
bounds_parse(const char *text, struct tw_range *range)
{
	const char *colon = strchr(text, ':');
	const char *end = colon != NULL ? colon + 1 : text;

	if (colon != NULL && colon - text == 1 && *text == '~')
		range->start = -INFINITY;
	else if (colon != NULL && !number_parse(text, (size_t)(colon - text), &range->start))
		return false;
	if (colon != NULL && *end == '\0')
		range->end = INFINITY;
	else if (!number_parse(end, strlen(end), &range->end))
		return false;
	return range->start <= range->end;
}

bool
tw_range_parse(const char *text, struct tw_range *range, struct tw_err *e)
{
	struct tw_range own = { .start = 0, .inside = *text == '@' };

	if (!bounds_parse(text + own.inside, &own)) {
		tw_fail(e, EX_USAGE, "'%s' is not a range", text);
		return tw_hint(e,
		               "a range is [@]START:END, as in 10, 10:, ~:10, 10:20 and @10:20.");
	}
	*range = own;
	return true;
}

bool
tw_range_alerts(const struct tw_range *range, double value)
{
	bool within = value >= range->start && value <= range->end;

	return range->inside ? within : !within;
}

void
tw_number_text(double x, char out[TW_NUMBER_SIZE])
{
	size_t n;

	snprintf(out, TW_NUMBER_SIZE, "%.6f", x);
	n = strlen(out);
	while (n > 0 && out[n - 1] == '0')
		n--;
	n -= n > 0 && out[n - 1] == '.';
	out[n] = '\0';
}

void
tw_range_text(const struct tw_range *range, char out[TW_RANGE_SIZE])
{
	char start[TW_NUMBER_SIZE] = "~", end[TW_NUMBER_SIZE] = "";

	if (range->start > -INFINITY)
		tw_number_text(range->start, start);
	if (range->end < INFINITY)
		tw_number_text(range->end, end);
	if (strcmp(start, "0") == 0 && *end != '\0')
		snprintf(out, TW_RANGE_SIZE, "%s%s", range->inside ? "@" : "", end);
	else
		snprintf(out, TW_RANGE_SIZE, "%s%s:%s", range->inside ? "@" : "", start, end);
}
