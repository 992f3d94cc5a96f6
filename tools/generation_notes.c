/* SPDX-License-Identifier: ISC */
/* generation_notes.c: twpool-generation mark, note and get: a generation's state, notes and
 * evidence. */
#include "generation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
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

int
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

/* get_one prints what run_get says of one generation. */
static bool
get_one(struct tw_record *r, int n, char **keys, struct tw_err *e)
{
	char number[16], site[4096];
	bool ok = true;

	snprintf(number, sizeof(number), "%04u", r->number);
	for (int i = 0; ok && i < n; i++) {
		const json_t *notes = json_object_get(r->manifest, "notes");
		const char *text = json_string_value(json_object_get(notes, keys[i]));

		if (strcmp(keys[i], "number") == 0)
			text = number;
		else if (strcmp(keys[i], "dir") == 0)
			text = r->dir;
		else if (strcmp(keys[i], "state") == 0)
			text = tw_record_state(r);
		else if (strcmp(keys[i], "site") == 0)
			text = (ok = tw_record_site(r, site, e)) ? site : NULL;
		fputs(text != NULL ? text : "", stdout);
		putchar('\0');
	}
	return ok;
}

int
run_get(const void *options, int n, char **operands, struct tw_err *e)
{
	bool all = strcmp(operands[0], "all") == 0, ok = true;
	unsigned *list = NULL;
	size_t count = 1;

	(void)options;
	if (all)
		ok = tw_record_numbers(&list, &count, e);
	for (size_t i = 0; ok && i < count; i++) {
		struct tw_record r = TW_RECORD_INIT;

		ok = all ? tw_record_load(list[i], &r, e) : gen_load(operands[0], &r, e);
		ok = ok && get_one(&r, n - 1, operands + 1, e);
		tw_record_free(&r);
	}
	free(list);
	return ok ? 0 : e->exit;
}
