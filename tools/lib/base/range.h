/* SPDX-License-Identifier: ISC */
/*
 * range.h: threshold ranges of monitoring plugins: [@]start:end. "10" is 0:10, "10:" has no end,
 * "~:10" no start; a value outside alerts, with "@" one inside; the bounds belong to the range.
 */
#pragma once

#include <stddef.h>
#include "err.h"

struct tw_range {
	double start, end; /* -INFINITY and INFINITY where there is none */
	bool inside;
};

/* tw_range_parse reads a range; EX_USAGE for anything else, *range is then as it was. */
bool tw_range_parse(const char *text, struct tw_range *range, struct tw_err *e);

/* tw_range_alerts tells whether a value alerts. */
bool tw_range_alerts(const struct tw_range *range, double value);

/* tw_range_text writes a range as tw_range_parse reads it. */
#define TW_RANGE_SIZE 64
void tw_range_text(const struct tw_range *range, char out[TW_RANGE_SIZE]);

/* tw_number_text writes a number without exponent and without trailing zeros, up to 6 decimals. */
#define TW_NUMBER_SIZE 32
void tw_number_text(double x, char out[TW_NUMBER_SIZE]);
