/* SPDX-License-Identifier: ISC */
/* twpool-generation: the one publisher. Stages, applies, restores, verifies and lists records. */
#include "generation.h"
#include "record/publish.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* gen_parse reads a generation's number, "0003" or "3". */
static bool
gen_parse(const char *text, unsigned *number, struct tw_err *e)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || n == 0 || n > 999999999)
		return tw_fail(e, EX_USAGE, "'%s' is not a generation's number", text);
	*number = (unsigned)n;
	return true;
}

bool
gen_load(const char *text, struct tw_record *r, struct tw_err *e)
{
	unsigned number = 0;

	return gen_parse(text, &number, e) && tw_record_load(number, r, e);
}

bool
gen_report(const struct options *o, json_t *done, struct tw_err *e)
{
	json_t *one, *whole;
	size_t i;

	if (o->json) {
		whole = tw_json_report("twpool-generation", e->exit == 0 ? "ok" : "failed");
		json_object_set(whole, "actions", done);
		return program_print(whole, e);
	}
	json_array_foreach (done, i, one) {
		const char *note = json_string_value(json_object_get(one, "note"));

		if (o->quiet)
			continue;
		printf("%-9s %s", json_string_value(json_object_get(one, "action")),
		       json_string_value(json_object_get(one, "path")));
		printf(note ? " (%s)\n" : "\n", note);
	}
	return true;
}

/* run_begin makes a generation and prints its number. */
static int
run_begin(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	bool ok = tw_record_begin(o->site, &r, e);

	(void)n, (void)operands;
	if (ok)
		printf("%04u\n", r.number);
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}

/* run_apply publishes what a generation staged. */
static int
run_apply(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	json_t *done = json_array();
	bool ok = gen_load(operands[0], &r, e) && tw_apply(&r, o->group, done, e);

	(void)n;
	ok = gen_report(o, done, e) && ok;
	json_decref(done);
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}

/* is_active tells whether a generation's changes may still be on the host. */
static bool
is_active(const struct tw_record *r)
{
	return strcmp(tw_record_state(r), "undone") != 0;
}

/* run_restore takes back every active generation from the last down to --to. */
static int
run_restore(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	json_t *done = json_array();
	unsigned *list = NULL;
	size_t count = 0, failed = 0;
	bool ok = tw_record_numbers(&list, &count, e);

	(void)n, (void)operands;
	/* What one of them cannot put back keeps none of the others; the first reason counts. */
	for (size_t i = ok ? count : 0; i-- > 0 && list[i] >= (unsigned)o->to;) {
		struct tw_record r = TW_RECORD_INIT;
		struct tw_err later = TW_ERR_INIT, *why = ok ? e : &later;
		bool known = tw_record_load(list[i], &r, why);

		ok = known && (!is_active(&r) || tw_restore(&r, o->group, done, &failed, why)) && ok;
		tw_record_free(&r);
		if (!known)
			break;
	}
	ok = gen_report(o, done, e) && ok;
	free(list);
	json_decref(done);
	return ok ? 0 : e->exit;
}

/* verify_all runs tw_verify over the generations: back to --to, or forth to the newest. */
static bool
verify_all(const struct options *o, const unsigned *list, size_t count, json_t *done,
           struct tw_err *e)
{
	json_t *seen = json_object();
	bool ok = true, old = o->to > 0;

	for (size_t i = 0; ok && i < count; i++) {
		unsigned number = old ? list[i] : list[count - 1 - i];
		struct tw_record r = TW_RECORD_INIT;

		if (old && number < (unsigned)o->to)
			continue;
		ok = tw_record_load(number, &r, e) &&
		     (!is_active(&r) || tw_verify(&r, old, seen, done, e));
		tw_record_free(&r);
	}
	json_decref(seen);
	return ok;
}

/* run_verify compares the host with the records; 1 where it differs. */
static int
run_verify(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	json_t *done = json_array();
	unsigned *list = NULL;
	size_t count = 0, differs;
	bool ok = tw_record_numbers(&list, &count, e) && verify_all(o, list, count, done, e);

	(void)n, (void)operands;
	differs = json_array_size(done);
	ok = gen_report(o, done, e) && ok;
	free(list);
	json_decref(done);
	return ok ? differs > 0 : e->exit;
}

/* list_one prints or collects one generation. */
static bool
list_one(const struct options *o, const struct tw_record *r, json_t *all)
{
	const char *created = json_string_value(json_object_get(r->manifest, "created"));
	size_t n = json_array_size(tw_record_entries(r));

	if (o->active && !is_active(r))
		return true;
	if (o->json)
		json_array_append_new(
		    all, json_pack("{sI ss ss sI sO}", "generation", (json_int_t)r->number, "state",
		                   tw_record_state(r), "created", created, "paths", (json_int_t)n,
		                   "notes", json_object_get(r->manifest, "notes")));
	else if (o->quiet)
		printf("%04u\n", r->number);
	else
		printf("%04u  %-8s  %s  %zu path(s)\n", r->number, tw_record_state(r), created, n);
	return true;
}

/* run_list prints one line per generation, oldest first. */
static int
run_list(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	json_t *all = json_array(), *whole;
	unsigned *list = NULL;
	size_t count = 0;
	bool ok = tw_record_numbers(&list, &count, e);

	(void)n, (void)operands;
	for (size_t i = 0; ok && i < count; i++) {
		struct tw_record r = TW_RECORD_INIT;

		ok = tw_record_load(list[i], &r, e) && list_one(o, &r, all);
		tw_record_free(&r);
	}
	if (ok && o->json) {
		whole = tw_json_report("twpool-generation", "ok");
		json_object_set(whole, "generations", all);
		ok = program_print(whole, e);
	}
	free(list);
	json_decref(all);
	return ok ? 0 : e->exit;
}

/* run_drop removes a generation that staged nothing. */
static int
run_drop(const void *options, int n, char **operands, struct tw_err *e)
{
	struct tw_record r = TW_RECORD_INIT;
	bool ok = gen_load(operands[0], &r, e) && tw_record_drop(&r, e);

	(void)options, (void)n;
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}

/* run_claim makes the records of another machine this one's. */
static int
run_claim(const void *options, int n, char **operands, struct tw_err *e)
{
	unsigned *list = NULL;
	size_t count = 0;
	bool ok = tw_record_numbers(&list, &count, e);

	(void)options, (void)n, (void)operands;
	for (size_t i = 0; ok && i < count; i++)
		ok = tw_record_claim(list[i], e);
	free(list);
	return ok ? 0 : e->exit;
}

/*
 * json_memory is jansson's malloc, whose failures a program can hardly tell from an absent value.
 * To end here is like being killed here, which the host and the record survive at any instant.
 */
static void *
json_memory(size_t n)
{
	static const char text[] = "twpool-generation: out of memory\n";
	void *p = malloc(n);

	if (p == NULL && write(STDERR_FILENO, text, sizeof(text) - 1) != 0)
		_exit(EX_OSERR);
	return p;
}

#define OPTION(field) .offset = offsetof(struct options, field)
#define OPT_GROUP                                                                     \
	{                                                                             \
		.name = "group", .letter = 'g', .arg = "NAME", .type = TW_OPT_STRING, \
		OPTION(group), .help = "only the entries of this group"               \
	}
#define OPT_JSON                                                                                   \
	{                                                                                          \
		.name = "json", .type = TW_OPT_FLAG, OPTION(json), .help = "print one JSON object" \
	}
#define OPT_QUIET                                                                   \
	{                                                                           \
		.name = "quiet", .letter = 'q', .type = TW_OPT_FLAG, OPTION(quiet), \
		.help = "print less"                                                \
	}
#define OPT_TO                                                                               \
	{                                                                                    \
		.name = "to", .arg = "GENERATION", .type = TW_OPT_INT, OPTION(to), .min = 1, \
		.max = 999999999, .help = "the state before this generation"                 \
	}

static const struct tw_opt begin_opts[] = {
	{ .name = "site",
	  .arg = "FILE",
	  .type = TW_OPT_STRING,
	  OPTION(site),
	  .help = "keep a copy of this site.json" },
	{ 0 },
};
static const struct tw_opt stage_opts[] = {
	{ .name = "group",
	  .letter = 'g',
	  .arg = "NAME",
	  .type = TW_OPT_STRING,
	  OPTION(group),
	  .help = "what belongs together in time: pooler, server" },
	{ .name = "mode",
	  .arg = "OCTAL",
	  .type = TW_OPT_STRING,
	  OPTION(mode),
	  .help = "permission bits (0644; directories 0755)" },
	{ .name = "owner",
	  .arg = "USER[:GROUP]",
	  .type = TW_OPT_STRING,
	  OPTION(owner),
	  .help = "owner (the caller)" },
	{ .name = "directory",
	  .type = TW_OPT_FLAG,
	  OPTION(directory),
	  .help = "stage a directory" },
	{ .name = "edits",
	  .type = TW_OPT_FLAG,
	  OPTION(edits),
	  .help = "stage the edits of a report of twpool-dsn set --json" },
	OPT_JSON,
	OPT_QUIET,
	{ 0 },
};
static const struct tw_opt apply_opts[] = { OPT_GROUP, OPT_JSON, OPT_QUIET, { 0 } };
static const struct tw_opt restore_opts[] = { OPT_TO, OPT_GROUP, OPT_JSON, OPT_QUIET, { 0 } };
static const struct tw_opt verify_opts[] = { OPT_TO, OPT_JSON, OPT_QUIET, { 0 } };
static const struct tw_opt note_opts[] = {
	{ .name = "evidence",
	  .type = TW_OPT_FLAG,
	  OPTION(evidence),
	  .help =
	      "write to evidence.json; values that are JSON stay JSON, @FILE is a file's text" },
	{ 0 },
};
static const struct tw_opt list_opts[] = {
	{ .name = "active",
	  .type = TW_OPT_FLAG,
	  OPTION(active),
	  .help = "only what is not undone" },
	OPT_JSON,
	OPT_QUIET,
	{ 0 },
};

static const struct tw_opt summary_opts[] = {
	{ .name = "write",
	  .type = TW_OPT_FLAG,
	  OPTION(write),
	  .help = "write the page to the generation's summary.txt, and print its criteria" },
	OPT_JSON,
	{ 0 },
};

static const struct tw_command commands[] = {
	{ "begin", "", 0, 0, "make the next generation and print its number", begin_opts,
	  run_begin },
	{ "stage", "GENERATION SRC DEST | GENERATION DEST | GENERATION FILE", 2, 3,
	  "write down what a path is now and what it is to become", stage_opts, run_stage },
	{ "apply", "GENERATION", 1, 1, "publish what is staged, in order", apply_opts, run_apply },
	{ "restore", "", 0, 0, "put everything back, last first", restore_opts, run_restore },
	{ "verify", "", 0, 0, "compare the host with the newest state, or with --to; 1: differs",
	  verify_opts, run_verify },
	{ "mark", "GENERATION STATE", 2, 2, "set the state: open, complete, undoing, undone", NULL,
	  run_mark },
	{ "note", "GENERATION KEY VALUE...", 3, -1, "keep what else was found or done", note_opts,
	  run_note },
	{ "get", "GENERATION|all KEY...", 2, -1,
	  "print notes (and number, dir, site, state), each ended by NUL", NULL, run_get },
	{ "list", "", 0, 0, "list the generations, oldest first", list_opts, run_list },
	{ "summary", "[GENERATION]", 0, 1,
	  "what was deployed (the newest), with the success criteria; 1: failed", summary_opts,
	  run_summary },
	{ "drop", "GENERATION", 1, 1, "remove a generation that staged nothing", NULL, run_drop },
	{ "claim", "", 0, 0, "make the records of another machine this one's", NULL, run_claim },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-generation", "stage, apply, restore and verify what a deploy changes",
		commands
	};
	struct options o = { .to = 0 };

	json_set_alloc_funcs(json_memory, free);
	return program_main(&program, argc, argv, &o);
}
