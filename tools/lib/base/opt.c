/* SPDX-License-Identifier: ISC */
/* opt.c: getopt_long driven by the tables of opt.h, and help text from the same tables. */
#include "opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPT_MAX 40
enum { OPT_HELP = 1000, OPT_VERSION }; /* above every index of a table */

/* opt_count is the number of rows before the NULL name. */
static size_t
opt_count(const struct tw_opt *opts)
{
	size_t n = 0;

	while (opts[n].name != NULL)
		n++;
	return n;
}

/* command_find is the program's only command, or the one called `name`, or NULL. */
static const struct tw_command *
command_find(const struct tw_program *program, const char *name)
{
	const struct tw_command *c = program->commands;

	if (c->name == NULL)
		return c;
	for (; name != NULL && c->run != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* opt_set_int parses a whole number within the option's range. */
static bool
opt_set_int(const struct tw_opt *opt, const char *value, long *out, struct tw_err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < opt->min || n > opt->max)
		return tw_fail(e, EX_USAGE, "--%s: expected a number from %ld to %ld, got '%s'",
		               opt->name, opt->min, opt->max, value);
	*out = n;
	return true;
}

/* opt_set_number parses a decimal number within the option's range. */
static bool
opt_set_number(const struct tw_opt *opt, const char *value, double *out, struct tw_err *e)
{
	size_t n = strspn(value, "0123456789.");
	char *end;
	double x = strtod(value, &end);

	/* Only digits and a point: no sign, no exponent, no "nan". */
	if (n == 0 || value[n] != '\0' || *end != '\0' || x < (double)opt->min ||
	    x > (double)opt->max)
		return tw_fail(e, EX_USAGE, "--%s: expected a number from %ld to %ld, got '%s'",
		               opt->name, opt->min, opt->max, value);
	*out = x;
	return true;
}

/* opt_set stores one option in the program's options. */
static bool
opt_set(const struct tw_opt *opt, const char *value, void *options, struct tw_err *e)
{
	char *at = (char *)options + opt->offset;
	struct tw_list *list = (struct tw_list *)(void *)at;

	switch (opt->type) {
	case TW_OPT_FLAG:
		*(bool *)at = true;
		break;
	case TW_OPT_COUNT:
		*(int *)(void *)at += 1;
		break;
	case TW_OPT_STRING:
		*(const char **)(void *)at = value;
		break;
	case TW_OPT_INT:
		return opt_set_int(opt, value, (long *)(void *)at, e);
	case TW_OPT_NUMBER:
		return opt_set_number(opt, value, (double *)(void *)at, e);
	case TW_OPT_LIST:
		if (list->n == TW_LIST_MAX)
			return tw_fail(e, EX_USAGE, "--%s: more than %d times", opt->name,
			               TW_LIST_MAX);
		list->item[list->n++] = value;
		break;
	}
	return true;
}

/* getopt_tables turns our rows into getopt's two: names, and letters (":abc:"). */
static void
getopt_tables(const struct tw_opt *opts, struct option *longs, char *letters)
{
	size_t n = opt_count(opts);

	*letters++ = ':';
	for (size_t i = 0; i < n; i++) {
		longs[i] = (struct option){ opts[i].name, opts[i].arg != NULL, NULL, (int)i };
		if (opts[i].letter != '\0') {
			*letters++ = opts[i].letter;
			if (opts[i].arg != NULL)
				*letters++ = ':';
		}
	}
	longs[n] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	longs[n + 1] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
	longs[n + 2] = (struct option){ NULL, 0, NULL, 0 };
	memcpy(letters, "hV", 3);
}

/* opt_of is the row that getopt's answer `c` (an index or a letter) means. */
static const struct tw_opt *
opt_of(const struct tw_opt *opts, int c)
{
	if (c >= 0 && (size_t)c < opt_count(opts))
		return &opts[c];
	while (opts->name != NULL && opts->letter != c)
		opts++;
	return opts;
}

/* opt_unknown words getopt's refusal of argv[optind - 1]. */
static void
opt_unknown(const struct tw_program *program, int c, const char *word, struct tw_err *e)
{
	if (c == ':')
		tw_fail(e, EX_USAGE, "option '%s' needs an argument", word);
	else
		tw_fail(e, EX_USAGE, "unknown option '%s'", word);
	tw_hint(e, "%s --help lists all options.", program->name);
}

/* operands_check holds the number of operands against the command's bounds. */
static bool
operands_check(const struct tw_program *program, const struct tw_command *c, int n,
               struct tw_err *e)
{
	const char *space = c->name ? " " : "", *name = c->name ? c->name : "";

	if (n >= c->min && (c->max < 0 || n <= c->max))
		return true;
	tw_fail(e, EX_USAGE, n < c->min ? "too few operands" : "too many operands");
	return tw_hint(e, "usage: %s%s%s [OPTION]... %s.", program->name, space, name, c->operands);
}

/* opts_read runs getopt over one command's arguments. */
static enum tw_opt_result
opts_read(const struct tw_program *program, const struct tw_opt *opts, int argc, char **argv,
          void *options, struct tw_err *e)
{
	struct option longs[OPT_MAX + 3];
	char letters[2 * OPT_MAX + 4];

	getopt_tables(opts, longs, letters);
	optind = 0; /* glibc: start again, also with argv's permutation */
	for (;;) {
		int c = getopt_long(argc, argv, letters, longs, NULL);

		if (c == -1)
			return TW_OPT_RUN;
		if (c == OPT_HELP || c == 'h')
			return TW_OPT_HELP;
		if (c == OPT_VERSION || c == 'V')
			return TW_OPT_VERSION;
		if (c == '?' || c == ':') {
			opt_unknown(program, c, argv[optind - 1], e);
			return TW_OPT_ERROR;
		}
		if (!opt_set(opt_of(opts, c), optarg, options, e))
			return TW_OPT_ERROR;
	}
}

enum tw_opt_result
tw_opt_parse(const struct tw_program *program, int argc, char **argv, void *options,
             const struct tw_command **command, int *first, struct tw_err *e)
{
	static const struct tw_opt none[] = { { 0 } };
	const struct tw_command *c = command_find(program, argc > 1 ? argv[1] : NULL);
	int skip = c != NULL && c->name != NULL; /* the subcommand's own word */
	enum tw_opt_result r;

	r = opts_read(program, c && c->opts ? c->opts : none, argc - skip, argv + skip, options, e);
	if (r != TW_OPT_RUN)
		return r;
	if (c == NULL) {
		tw_fail(e, EX_USAGE, argc > 1 ? "unknown command '%s'" : "no command",
		        argv[argc > 1]);
		tw_hint(e, "%s --help lists all commands.", program->name);
		return TW_OPT_ERROR;
	}
	*command = c;
	*first = optind + skip;
	return operands_check(program, c, argc - *first, e) ? TW_OPT_RUN : TW_OPT_ERROR;
}

/* help_option writes the row of one option. */
static void
help_option(const struct tw_opt *opt, FILE *out)
{
	char word[64];

	snprintf(word, sizeof(word), "%s%c%s--%s%s%s", opt->letter ? "-" : "  ",
	         opt->letter ? opt->letter : ' ', opt->letter ? ", " : " ", opt->name,
	         opt->arg ? " " : "", opt->arg ? opt->arg : "");
	fprintf(out, "  %-30s %s\n", word, opt->help);
}

void
tw_opt_help(const struct tw_program *program, FILE *out)
{
	static const struct tw_opt common[] = {
		{ .name = "help", .letter = 'h', .help = "print this text and exit" },
		{ .name = "version", .letter = 'V', .help = "print the version and exit" },
	};

	fprintf(out, "%s: %s\n", program->name, program->summary);
	for (const struct tw_command *c = program->commands; c->run != NULL; c++) {
		fprintf(out, "\nusage: %s%s%s [OPTION]... %s\n", program->name, c->name ? " " : "",
		        c->name ? c->name : "", c->operands);
		if (c->name != NULL)
			fprintf(out, "  %s\n", c->help);
		for (const struct tw_opt *o = c->opts; o != NULL && o->name != NULL; o++)
			help_option(o, out);
	}
	fprintf(out, "\n");
	help_option(&common[0], out);
	help_option(&common[1], out);
}
