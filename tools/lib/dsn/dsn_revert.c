/* SPDX-License-Identifier: ISC */
/* dsn_revert.c: plans to take back what a record says, and nothing that others did since. */
#include "base/file.h"
#include "base/text.h"
#include "dsn_plan.h"

#include <string.h>

/* lists_read finds the DSNs of both contents, for the preview; a file that others broke has none.
 */
static void
lists_read(struct tw_dsn_file *f)
{
	struct tw_source old = tw_dsn_plan_source(f, &f->old), new = tw_dsn_plan_source(f, &f->new);
	struct tw_err ignored = TW_ERR_INIT;

	if (!tw_dsn_list_read(&old, &f->before, &ignored) ||
	    !tw_dsn_list_read(&new, &f->after, &ignored) || f->before.n != f->after.n) {
		tw_dsn_list_free(&f->before);
		tw_dsn_list_free(&f->after);
	}
}

/* text_same tells whether a value of a record is a text, or null and the text absent. */
static bool
text_same(const json_t *json, const char *text)
{
	const char *recorded = json_string_value(json);

	return recorded == NULL || text == NULL ? recorded == text : strcmp(recorded, text) == 0;
}

/* dsn_recorded tells whether a DSN is one of those that a record names. */
static bool
dsn_recorded(const json_t *dsns, const struct tw_dsn_found *f)
{
	const json_t *one;
	size_t i;

	json_array_foreach (dsns, i, one) {
		if (text_same(json_object_get(one, "pointer"), f->pointer) &&
		    text_same(json_object_get(one, "dbname"), f->dsn.value[TW_DSN_DBNAME]) &&
		    text_same(json_object_get(one, "user"), f->dsn.value[TW_DSN_USER]))
			return true;
	}
	return false;
}

/* value_print appends a value, "(none)" where it is absent. */
static void
value_print(const char *value, struct tw_buf *out, struct tw_err *e)
{
	value = value != NULL ? value : "(none)";
	tw_dsn_printable(value, strlen(value), out, e);
}

/* record_same refuses to change a DSN that only looks like the recorded one by its context. */
static bool
record_same(const struct tw_dsn_file *f, const json_t *dsns, struct tw_err *e)
{
	for (size_t i = 0; dsns != NULL && i < f->before.n; i++) {
		const struct tw_dsn_found *old = &f->before.item[i];

		if (tw_dsn_bytes_same(&old->text, &f->after.item[i].text) ||
		    dsn_recorded(dsns, old))
			continue;
		tw_fail(e, EX_DATAERR, "%s:%zu:%zu: not the DSN that was changed, which is gone",
		        f->path, old->at.line, old->at.column);
		return tw_hint(e, "others changed it since; put it back by hand.");
	}
	return true;
}

/*
 * time_recorded gives a file its old time back where it is again, byte by byte, what it was. Not a
 * source: make would take what was built from it in between for up to date.
 */
static void
time_recorded(const json_t *json, struct tw_dsn_file *f)
{
	const char *sha = json_string_value(json_object_get(json, "sha256"));
	json_int_t ns = json_integer_value(json_object_get(json, "mtime_ns"));
	char now[TW_SHA256_SIZE];

	tw_sha256(tw_buf_text(&f->new), f->new.len, now);
	f->has_mtime = sha != NULL && strcmp(sha, now) == 0 && !tw_text_compiled(f->path);
	f->mtime = (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

/* now_hint says what the DSN of a record says now, where an edit of it is no longer there. */
static bool
now_hint(const struct tw_dsn_file *f, const json_t *dsns, struct tw_err *e)
{
	struct tw_source src = tw_dsn_plan_source(f, &f->old);
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_buf now = TW_BUF_INIT;
	char hint[sizeof(e->hint)];

	memcpy(hint, e->hint, sizeof(hint));
	tw_dsn_list_read(&src, &list, &ignored);
	for (size_t i = 0; i < list.n && now.len == 0; i++) {
		const struct tw_dsn_found *d = &list.item[i];
		const char *const *value = (const char *const *)d->dsn.value;

		if (d->dsn.opaque || !dsn_recorded(dsns, d))
			continue;
		tw_buf_printf(&now, &ignored, "line %zu now has host ", d->at.line);
		value_print(value[TW_DSN_HOST], &now, &ignored);
		tw_buf_puts(&now, " and port ", &ignored);
		value_print(value[TW_DSN_PORT], &now, &ignored);
	}
	if (now.len > 0)
		tw_hint(e, "%s; %s", tw_buf_text(&now), hint);
	tw_dsn_list_free(&list);
	tw_buf_free(&now);
	return false;
}

/* record_file plans one file of a record. */
static bool
record_file(const json_t *json, struct tw_dsn_plan *plan, struct tw_err *e)
{
	const char *path = json_string_value(json_object_get(json, "path"));
	struct tw_dsn_file *f;

	if (path == NULL || *path != '/')
		return tw_fail(e, EX_DATAERR, "files: expected an absolute path");
	for (size_t i = 0; i < plan->n; i++) {
		if (strcmp(plan->file[i].path, path) == 0)
			return tw_fail(e, EX_DATAERR, "files: '%s' comes twice", path);
	}
	f = tw_dsn_plan_add(plan, path, e);
	if (f != NULL)
		f->plain = true; /* whether set was asked to is not recorded, nor needed */
	if (f == NULL || !tw_edits_parse(json_object_get(json, "edits"), &f->edits, e) ||
	    !tw_file_read(path, TW_FILE_LIMIT, &f->old, &f->st, e))
		return false;
	if (!tw_edits_revert(&f->edits, tw_buf_text(&f->old), f->old.len, &f->new, &f->changes, e))
		return now_hint(f, json_object_get(json, "dsns"), e) || tw_context(e, "%s", path);
	time_recorded(json, f);
	lists_read(f);
	return record_same(f, json_object_get(json, "dsns"), e) && tw_dsn_plan_links(f, e);
}

bool
tw_dsn_plan_revert(const char *record, struct tw_dsn_plan *plan, struct tw_err *e)
{
	struct tw_dsn_plan own = TW_DSN_PLAN_INIT;
	json_t *json = tw_json_load(record, e), *files, *item;
	bool ok = json != NULL;
	size_t i;

	if (!ok && e->exit == EX_CONFIG)
		e->exit = EX_DATAERR; /* a record is data, not configuration */
	files = json_object_get(json, "files");
	if (ok && !json_is_array(files))
		ok = tw_fail(e, EX_DATAERR, "'%s' is not a record of edits", record);
	json_array_foreach (files, i, item)
		ok = ok && record_file(item, &own, e);
	json_decref(json);
	if (!ok) {
		tw_dsn_plan_free(&own);
		return false;
	}
	*plan = own;
	return true;
}
