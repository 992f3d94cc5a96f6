/* SPDX-License-Identifier: ISC */
/*
 * opt.h: command lines as tables. A program lists its commands, a command its options; parsing,
 * --help and the test that holds --help against the man page all read the same rows.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include "err.h"

enum tw_opt_type {
	TW_OPT_FLAG,   /* bool */
	TW_OPT_COUNT,  /* int, one more each time it is given */
	TW_OPT_STRING, /* const char *, borrowed from argv */
	TW_OPT_INT,    /* long, between min and max */
	TW_OPT_NUMBER, /* double, between min and max: "0.25" */
	TW_OPT_LIST,   /* struct tw_list */
};

/* A repeatable option's values in the order given, borrowed from argv. */
#define TW_LIST_MAX 64
struct tw_list {
	size_t n;
	const char *item[TW_LIST_MAX];
};

/* One option; a table ends with a NULL name. `offset` is its place in the program's options. */
struct tw_opt {
	const char *name; /* without the dashes */
	char letter;      /* its one-letter form, or 0 */
	enum tw_opt_type type;
	const char *arg; /* what --help calls its argument; NULL for FLAG and COUNT */
	const char *help;
	size_t offset;
	long min, max; /* INT and NUMBER only */
};

/* One command; `name` is NULL in a program without subcommands. A table ends with a NULL run. */
struct tw_command {
	const char *name;
	const char *operands; /* as in a synopsis: "FILE...", or "" */
	int min, max;         /* how many operands; max -1: no limit */
	const char *help;
	const struct tw_opt *opts;
	/* run does the work: returns the exit code; an error is in `e`, and e->exit returned. */
	int (*run)(const void *options, int n, char **operands, struct tw_err *e);
};

struct tw_program {
	const char *name;
	const char *summary; /* one sentence, also the man page's Nd */
	const struct tw_command *commands;
};

enum tw_opt_result { TW_OPT_RUN, TW_OPT_HELP, TW_OPT_VERSION, TW_OPT_ERROR };

/*
 * tw_opt_parse reads a command line into `options` (the program's own struct, preset to its
 * defaults). On TW_OPT_RUN *command is the chosen one and *first the index of its first operand.
 * TW_OPT_ERROR: EX_USAGE in `e`. GNU order (options may follow operands); "--" ends options.
 */
enum tw_opt_result tw_opt_parse(const struct tw_program *program, int argc, char **argv,
                                void *options, const struct tw_command **command, int *first,
                                struct tw_err *e);

/* tw_opt_help writes the help text of a program. */
void tw_opt_help(const struct tw_program *program, FILE *out);
