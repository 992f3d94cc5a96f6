/* SPDX-License-Identifier: ISC */
/* twpool-generation: the one publisher. Stages, applies, restores, verifies and lists records. */
#include "generation.h"
#include "record/publish.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
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

/* number_parse reads a user's or group's number. */
static bool
number_parse(const char *text, unsigned *number)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n >= UINT_MAX)
		return false;
	*number = (unsigned)n;
	return true;
}

/* owner_parse reads "USER" or "USER:GROUP", names or numbers. */
static bool
owner_parse(const char *text, struct tw_attr *attr, struct tw_err *e)
{
	const char *colon = strchr(text, ':');
	char user[64];
	const struct passwd *pw;
	const struct group *gr;

	snprintf(user, sizeof(user), "%.*s", (int)(colon ? colon - text : (long)strlen(text)),
	         text);
	if (!number_parse(user, &attr->uid)) {
		if ((pw = getpwnam(user)) == NULL)
			return tw_fail(e, EX_NOUSER, "no user '%s' on this host", user);
		attr->uid = pw->pw_uid;
		attr->gid = pw->pw_gid;
	}
	if (colon == NULL || number_parse(colon + 1, &attr->gid))
		return true;
	if ((gr = getgrnam(colon + 1)) == NULL)
		return tw_fail(e, EX_NOUSER, "no group '%s' on this host", colon + 1);
	attr->gid = gr->gr_gid;
	return true;
}

/* attr_parse makes the attributes that --mode and --owner ask for. */
static bool
attr_parse(const struct options *o, mode_t usual, struct tw_attr *attr, struct tw_err *e)
{
	const char *mode = o->mode;
	char *end = NULL;

	*attr = (struct tw_attr){ .mode = usual, .uid = geteuid(), .gid = getegid() };
	if (mode != NULL) {
		unsigned long n = strtoul(mode, &end, 8);

		if (end == mode || *end != '\0' || n > 07777)
			return tw_fail(e, EX_USAGE, "--mode: expected octal digits, got '%s'",
			               mode);
		attr->mode = (mode_t)n;
	}
	return o->owner == NULL || owner_parse(o->owner, attr, e);
}

/* report prints what was done: a line "action path (note)" each, or the JSON object. */
static bool
report(const struct options *o, json_t *done, struct tw_err *e)
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

/* run_stage stages a file, a directory or edits. */
static int
run_stage(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	json_t *done = json_array(), *edits = NULL;
	const char *group = o->group ? o->group : "host";
	struct tw_attr attr;
	bool ok = gen_load(operands[0], &r, e);

	if (ok && n != (o->directory || o->edits ? 2 : 3))
		ok = tw_fail(e, EX_USAGE,
		             "expected GENERATION SRC DEST, or with --directory "
		             "GENERATION DEST, or with --edits GENERATION FILE");
	if (ok && o->edits)
		ok = (edits = tw_json_load(operands[1], e)) != NULL &&
		     tw_stage_edits(&r, group, edits, done, e);
	else if (ok && o->directory)
		ok = attr_parse(o, 0755, &attr, e) &&
		     tw_stage_directory(&r, group, operands[1], &attr, done, e);
	else if (ok)
		ok = attr_parse(o, 0644, &attr, e) &&
		     tw_stage_file(&r, group, operands[1], operands[2], &attr, done, e);
	ok = report(o, done, e) && ok;
	json_decref(edits);
	json_decref(done);
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
	ok = report(o, done, e) && ok;
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
	for (size_t i = count; ok && i-- > 0 && list[i] >= (unsigned)o->to;) {
		struct tw_record r = TW_RECORD_INIT;

		ok = tw_record_load(list[i], &r, e) &&
		     (!is_active(&r) || tw_restore(&r, o->group, done, &failed, e));
		tw_record_free(&r);
	}
	ok = report(o, done, e) && ok;
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
	ok = report(o, done, e) && ok;
	free(list);
	json_decref(done);
	return ok ? differs > 0 : e->exit;
}

/* run_mark sets a generation's state. */
static int
run_mark(const void *options, int n, char **operands, struct tw_err *e)
{
	static const char *const states[] = { "open", "complete", "undoing", "undone" };
	struct tw_record r = TW_RECORD_INIT;
	bool known = false, ok;

	(void)options, (void)n;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		known = known || strcmp(states[i], operands[1]) == 0;
	ok = known ||
	     tw_fail(e, EX_USAGE, "'%s': not open, complete, undoing or undone", operands[1]);
	ok = ok && gen_load(operands[0], &r, e) &&
	     json_object_set_new(r.manifest, "state", json_string(operands[1])) == 0 &&
	     tw_record_save(&r, e);
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}

/*
 * value_new is a value of the evidence: JSON where the text is a number, true, false, a list or an
 * object; "@FILE" stands for the text of that file. NULL: error.
 */
static json_t *
value_new(const char *text, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	json_t *json = NULL;

	if (*text == '@' ? tw_file_read(text + 1, TW_FILE_LIMIT, &b, NULL, e)
	                 : tw_buf_puts(&b, text, e)) {
		json = json_loadb(tw_buf_text(&b), b.len, JSON_DECODE_ANY, NULL);
		if (json == NULL || json_is_string(json) || json_is_null(json)) {
			json_decref(json);
			json = json_stringn(tw_buf_text(&b), b.len);
			if (json == NULL)
				json = json_string("(not UTF-8)");
		}
	}
	tw_buf_free(&b);
	return json;
}

/* evidence_save merges the pairs into the generation's evidence.json. */
static bool
evidence_save(const struct tw_record *r, int n, char **pairs, struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	char path[4096 + 16];
	struct tw_buf b = TW_BUF_INIT;
	struct stat st;
	bool exists, ok;
	json_t *all = NULL;

	snprintf(path, sizeof(path), "%s/evidence.json", r->dir);
	ok = tw_file_status(path, &st, &exists, e);
	if (ok)
		all = exists ? tw_json_load(path, e) : tw_json_report("twpool-deploy", "open");
	ok = ok && all != NULL;
	for (int i = 0; ok && i + 1 < n; i += 2) {
		json_t *value = value_new(pairs[i + 1], e);

		ok = value != NULL && json_object_set_new(all, pairs[i], value) == 0;
	}
	ok = ok && tw_json_text(all, &b, e) && tw_file_replace(path, b.data, b.len, &attr, e);
	json_decref(all);
	tw_buf_free(&b);
	return ok;
}

/* run_note writes KEY VALUE pairs into a generation. */
static int
run_note(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	json_t *notes;
	bool ok = n % 2 == 1 || tw_fail(e, EX_USAGE, "a KEY without its VALUE");

	ok = ok && gen_load(operands[0], &r, e);
	if (ok && o->evidence) {
		ok = evidence_save(&r, n - 1, operands + 1, e);
	} else if (ok) {
		notes = json_object_get(r.manifest, "notes");
		for (int i = 1; i + 1 < n; i += 2)
			json_object_set_new(notes, operands[i], json_string(operands[i + 1]));
		ok = tw_record_save(&r, e);
	}
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}

/*
 * run_get prints notes, each ended by NUL; an absent one is empty. "dir", "site" and "state" are
 * built in.
 */
static int
run_get(const void *options, int n, char **operands, struct tw_err *e)
{
	struct tw_record r = TW_RECORD_INIT;
	bool ok = gen_load(operands[0], &r, e);
	char site[4096];

	(void)options;
	for (int i = 1; ok && i < n; i++) {
		const json_t *notes = json_object_get(r.manifest, "notes");
		const char *text = json_string_value(json_object_get(notes, operands[i]));

		if (strcmp(operands[i], "dir") == 0)
			text = r.dir;
		else if (strcmp(operands[i], "state") == 0)
			text = tw_record_state(&r);
		else if (strcmp(operands[i], "site") == 0)
			text = (ok = tw_record_site(&r, site, e)) ? site : NULL;
		fputs(text != NULL ? text : "", stdout);
		putchar('\0');
	}
	tw_record_free(&r);
	return ok ? 0 : e->exit;
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
	{ "get", "GENERATION KEY...", 2, -1,
	  "print notes (and dir, site, state), each ended by NUL", NULL, run_get },
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
