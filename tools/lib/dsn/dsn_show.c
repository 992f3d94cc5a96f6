/* SPDX-License-Identifier: ISC */
/* dsn_show.c: how plans and DSNs are shown to people and programs; a password never is. */
#include "dsn_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
tw_dsn_absolute(const char *path)
{
	char *dir, *text = NULL;

	if (*path == '/')
		return strdup(path);
	dir = getcwd(NULL, 0);
	if (dir == NULL)
		return NULL;
	while (strncmp(path, "./", 2) == 0)
		path += 2 + strspn(path + 2, "/");
	if (asprintf(&text, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, path) < 0)
		text = NULL;
	free(dir);
	return text;
}

/* text_json is a new JSON string, or null where the text is absent, withheld, or not UTF-8. */
static json_t *
text_json(const char *text, bool withheld)
{
	json_t *json = text != NULL && !withheld ? json_string(text) : NULL;

	return json != NULL ? json : json_null();
}

/* port_json is a new JSON integer, or null where a DSN has no port that is a number. */
static json_t *
port_json(const struct tw_dsn *dsn)
{
	const char *port = dsn->value[TW_DSN_PORT];

	if (port == NULL || *port == '\0' || dsn->opaque || strlen(port) > 9 ||
	    strspn(port, "0123456789") != strlen(port))
		return json_null();
	return json_integer(strtol(port, NULL, 10));
}

/* place_json is a new object that says where a DSN stands. */
static json_t *
place_json(const char *absolute, const struct tw_dsn_found *f)
{
	return json_pack("{so sI sI so ss}", "path", text_json(absolute, false), "line",
	                 (json_int_t)f->at.line, "column", (json_int_t)f->at.column, "pointer",
	                 text_json(f->pointer, false), "form", tw_dsn_found_form(f));
}

/* breaks_json is a new list of the keywords of a DSN that do not work through a pooler. */
static json_t *
breaks_json(const struct tw_dsn *dsn)
{
	json_t *list = json_array();
	const char *name;

	for (size_t i = 0; (name = tw_dsn_breaks(dsn, i)) != NULL; i++)
		json_array_append_new(list, json_string(name));
	return list;
}

json_t *
tw_dsn_json(const char *path, const struct tw_dsn_found *f)
{
	const struct tw_dsn *d = &f->dsn;
	char *absolute = tw_dsn_absolute(path);
	json_t *one = absolute != NULL ? place_json(absolute, f) : NULL;

	free(absolute);
	if (one == NULL)
		return NULL;
	json_object_set_new(one, "host", text_json(d->value[TW_DSN_HOST], d->opaque));
	json_object_set_new(one, "hostaddr", text_json(d->value[TW_DSN_HOSTADDR], d->opaque));
	json_object_set_new(one, "port", port_json(d));
	json_object_set_new(one, "dbname", text_json(d->value[TW_DSN_DBNAME], d->opaque));
	json_object_set_new(one, "user", text_json(d->value[TW_DSN_USER], d->opaque));
	json_object_set_new(one, "confidence", json_string(tw_dsn_confidence(f)));
	json_object_set_new(one, "breaks", breaks_json(d));
	return one;
}

/* edits_json is a new list of edits, null where JSON cannot hold them. */
static json_t *
edits_json(const struct tw_edits *edits)
{
	json_t *list = tw_edits_json(edits, false);

	if (list != NULL && json_array_size(list) == edits->n)
		return list;
	json_decref(list);
	return json_null();
}

json_t *
tw_dsn_plan_report(const struct tw_dsn_plan *plan, const char *status)
{
	json_t *report = tw_json_report("twpool-dsn", status), *files = json_array(), *one;

	for (size_t i = 0; i < plan->n; i++) {
		const struct tw_dsn_file *f = &plan->file[i];

		for (size_t j = 0; j < f->n; j++) {
			one = place_json(f->absolute, &f->before.item[f->meant[j].index]);
			json_object_set_new(one, "edits", edits_json(&f->meant[j].edits));
			json_array_append_new(files, one);
		}
		if (f->n == 0) { /* reverted: the record's edits, where they were still there */
			one = json_pack("{so sb}", "path", text_json(f->absolute, false), "changed",
			                f->changes);
			json_object_set_new(one, "edits", edits_json(&f->edits));
			json_array_append_new(files, one);
		}
	}
	json_object_set_new(report, "files", files);
	return report;
}

bool
tw_dsn_plan_lines(const struct tw_dsn_plan *plan, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < plan->n; i++) {
		const struct tw_dsn_file *f = &plan->file[i];
		size_t len = strlen(f->path);

		for (size_t j = 0; ok && j < f->n; j++) {
			const struct tw_dsn_meant *m = &f->meant[j];
			const struct tw_place *at = &f->before.item[m->index].at;

			ok = tw_dsn_printable(f->path, len, out, e) &&
			     tw_buf_printf(out, e, ":%zu:%zu: %s\n", at->line, at->column,
			                   m->edits.n > 0 ? "changed" : "unchanged");
		}
		if (ok && f->n == 0)
			ok = tw_dsn_printable(f->path, len, out, e) &&
			     tw_buf_puts(out, f->changes ? ": changed\n" : ": unchanged\n", e);
	}
	return ok;
}

/* diff_line appends one DSN after '-' or '+', its passwords masked. */
static bool
diff_line(char sign, const struct tw_dsn_found *f, struct tw_buf *out, struct tw_err *e)
{
	struct tw_buf masked = TW_BUF_INIT;
	bool ok = tw_dsn_masked(&f->text, &f->dsn, &masked, e) && tw_buf_add(out, &sign, 1, e);

	/* what stands in lines of its own is shown in one */
	for (size_t i = 0; f->kind != TW_DSN_TEXT && i < masked.len; i++)
		masked.data[i] = strchr("\r\n", masked.data[i]) ? ' ' : masked.data[i];
	ok = ok && tw_dsn_printable(tw_buf_text(&masked), masked.len, out, e) &&
	     tw_buf_puts(out, "\n", e);

	tw_buf_free(&masked);
	return ok;
}

/* diff_dsn appends the change of one DSN; nothing where it is none. */
static bool
diff_dsn(const struct tw_dsn_found *old, const struct tw_dsn_found *new, struct tw_buf *out,
         struct tw_err *e)
{
	const char *pointer = old->pointer != NULL ? old->pointer : "";

	if (old->text.len == new->text.len &&
	    memcmp(tw_buf_text(&old->text), tw_buf_text(&new->text), old->text.len) == 0)
		return true;
	return tw_buf_printf(out, e, "@@ -%zu +%zu @@%s", old->at.line, new->at.line,
	                     *pointer != '\0' ? " " : "") &&
	       tw_dsn_printable(pointer, strlen(pointer), out, e) && tw_buf_puts(out, "\n", e) &&
	       diff_line('-', old, out, e) && diff_line('+', new, out, e);
}

bool
tw_dsn_plan_diff(const struct tw_dsn_plan *plan, struct tw_buf *out, struct tw_err *e)
{
	static const char *const signs[] = { "--- ", "+++ " };
	bool ok = true;

	for (size_t i = 0; ok && i < plan->n; i++) {
		const struct tw_dsn_file *f = &plan->file[i];

		for (size_t j = 0; ok && f->changes && j < 2; j++)
			ok = tw_buf_puts(out, signs[j], e) &&
			     tw_dsn_printable(f->path, strlen(f->path), out, e) &&
			     tw_buf_puts(out, "\n", e);
		for (size_t j = 0; ok && f->changes && j < f->before.n; j++)
			ok = diff_dsn(&f->before.item[j], &f->after.item[j], out, e);
	}
	return ok;
}
