/* SPDX-License-Identifier: ISC */
#include "options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { MAX_ROWS = 32 };

/* set_number parses the whole of text, within the row's range. */
static bool
set_number(const struct gs_option *row, const char *text, struct gs_err *e)
{
	char *end;
	double v = strtod(text, &end);
	bool whole = row->kind == GS_REAL || v == (double)(long long)v;
	if (end == text || *end || !isfinite(v) || v < row->min || v > row->max || !whole)
		return gs_fail(e, EX_USAGE, "--%s: \"%s\" is not %s from %g to %g", row->name, text,
		               row->kind == GS_INT ? "an integer" : "a number", row->min, row->max);
	if (row->kind == GS_INT)
		*(int *)row->value = (int)v;
	else
		*(double *)row->value = v;
	return true;
}

/* set_choice stores the index of word in the row's list. */
static bool
set_choice(const struct gs_option *row, const char *word, struct gs_err *e)
{
	size_t len = strlen(word);
	int index = 0;
	for (const char *p = row->arg; p; p = strchr(p, '|'), index++) {
		p += *p == '|';
		if (len > 0 && strncmp(p, word, len) == 0 && (p[len] == '|' || !p[len])) {
			*(int *)row->value = index;
			return true;
		}
	}
	return gs_fail(e, EX_USAGE, "--%s: \"%s\" is not one of %s", row->name, word, row->arg);
}

static bool
set_value(const struct gs_option *row, const char *text, struct gs_err *e)
{
	switch (row->kind) {
	case GS_FLAG:
		*(bool *)row->value = true;
		return true;
	case GS_TEXT:
		*(const char **)row->value = text;
		return true;
	case GS_CHOICE:
		return set_choice(row, text, e);
	case GS_INT:
	case GS_REAL:
		break;
	}
	return set_number(row, text, e);
}

bool
gs_options_parse(int argc, char **argv, const struct gs_option *rows, size_t n, struct gs_err *e)
{
	struct option longs[MAX_ROWS + 1] = { 0 };
	for (size_t i = 0; i < n && i < MAX_ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].kind == GS_FLAG ? no_argument : required_argument;
	}

	int index = 0, c;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longs, &index)) != -1) {
		if (c == ':')
			return gs_fail(e, EX_USAGE, "%s needs a value", argv[optind - 1]);
		if (c != 0)
			return gs_fail(e, EX_USAGE, "unknown option %s", argv[optind - 1]);
		if (!set_value(&rows[index], optarg, e))
			return false;
	}
	return optind == argc || gs_fail(e, EX_USAGE, "unexpected operand \"%s\"", argv[optind]);
}

void
gs_options_help(const char *usage, const struct gs_option *rows, size_t n)
{
	printf("usage: %s\n\n", usage);
	for (size_t i = 0; i < n; i++) {
		char left[64];
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].arg ? " " : "",
		         rows[i].arg ? rows[i].arg : "");
		printf("  %-30s %s\n", left, rows[i].help);
	}
}
