/* SPDX-License-Identifier: ISC */
/* Long options from a table: the table is the parser, the range check and the help text. */
#ifndef GS_OPTIONS_H
#define GS_OPTIONS_H

#include "err.h"

#include <stddef.h>

enum gs_kind {
	GS_FLAG,   /* bool, set to true */
	GS_INT,    /* int within min and max */
	GS_REAL,   /* double within min and max */
	GS_TEXT,   /* const char *, borrowed from argv */
	GS_CHOICE, /* int, the index of the word in arg ("process|thread") */
};

struct gs_option {
	const char *name;
	enum gs_kind kind;
	void *value; /* what the option sets; its present value is the default */
	const char *arg;
	const char *help;
	double min, max;
};

/* gs_options_parse reads argv into the values of the n rows. Fails with EX_USAGE on an unknown
 * option, an operand, or a value out of its range; rows before the bad one are already set. */
bool gs_options_parse(int argc, char **argv, const struct gs_option *rows, size_t n,
                      struct gs_err *e);

/* gs_options_help prints the usage line and one line per row on standard output. */
void gs_options_help(const char *usage, const struct gs_option *rows, size_t n);

#endif
