/* SPDX-License-Identifier: ISC */
/* dsn_plan.c: plans changes of DSNs in files, proves each, and holds them until all are right. */
#include "dsn_plan.h"
#include "file.h"

#include <stdlib.h>
#include <string.h>

bool
tw_dsn_load(const char *path, struct tw_buf *bytes, struct stat *st, struct tw_dsn_list *list,
            struct tw_err *e)
{
	struct tw_source src = { .path = path };

	if (!tw_file_read(path, TW_FILE_LIMIT, bytes, st, e)) {
		tw_buf_free(bytes);
		return false;
	}
	src.bytes = tw_buf_text(bytes);
	src.n = bytes->len;
	if (!tw_dsn_list_read(&src, list, e)) {
		tw_buf_free(bytes);
		return false;
	}
	return true;
}

/* source_of is the old or new content of a file, as the containers take it. */
static struct tw_source
source_of(const struct tw_dsn_file *f, const struct tw_buf *bytes)
{
	return (struct tw_source){ f->path, tw_buf_text(bytes), bytes->len };
}

/* file_new appends an empty file to a plan; NULL without memory. */
static struct tw_dsn_file *
file_new(struct tw_dsn_plan *plan, const char *path, struct tw_err *e)
{
	struct tw_dsn_file *f = reallocarray(plan->file, plan->n + 1, sizeof(*f));

	if (f == NULL) {
		tw_fail(e, EX_OSERR, "out of memory");
		return NULL;
	}
	plan->file = f;
	f += plan->n++;
	*f = (struct tw_dsn_file){ .path = strdup(path), .absolute = tw_dsn_absolute(path) };
	if (f->path == NULL || f->absolute == NULL) {
		tw_fail(e, EX_OSERR, "out of memory");
		return NULL;
	}
	return f;
}

/* file_of is the plan's file at a path, loaded now if it is not there yet; NULL on failure. */
static struct tw_dsn_file *
file_of(struct tw_dsn_plan *plan, const char *path, struct tw_err *e)
{
	struct tw_dsn_file *f;
	struct stat st;
	bool exists = false;

	if (!tw_file_status(path, &st, &exists, e))
		return NULL;
	for (size_t i = 0; exists && i < plan->n; i++) {
		if (plan->file[i].st.st_dev == st.st_dev && plan->file[i].st.st_ino == st.st_ino)
			return &plan->file[i];
	}
	f = file_new(plan, path, e);
	return f != NULL && tw_dsn_load(path, &f->old, &f->st, &f->before, e) ? f : NULL;
}

/* meant_add notes that a DSN of the file is meant; twice is once. They stay in order. */
static bool
meant_add(struct tw_dsn_file *f, size_t index, struct tw_err *e)
{
	struct tw_dsn_meant *grown;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (f->meant[i].index == index)
			return true;
	}
	grown = reallocarray(f->meant, f->n + 1, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	f->meant = grown;
	for (i = f->n++; i > 0 && grown[i - 1].index > index; i--)
		grown[i] = grown[i - 1];
	grown[i] = (struct tw_dsn_meant){ .index = index, .edits = TW_EDITS_INIT };
	return true;
}

/* operand_plan finds what one operand means. */
static bool
operand_plan(struct tw_dsn_plan *plan, const char *operand, const struct tw_dsn_wanted *wanted,
             struct tw_buf *notes, struct tw_err *e)
{
	struct tw_dsn_locator l = TW_DSN_LOCATOR_INIT;
	struct tw_dsn_file *f = NULL;
	size_t index = 0;
	bool ok = tw_dsn_locator_parse(operand, &l, e) && (f = file_of(plan, l.path, e)) != NULL;

	if (ok) {
		struct tw_source src = source_of(f, &f->old);

		ok = tw_dsn_select(&src, &f->before, &l, wanted, &index, notes, e) &&
		     meant_add(f, index, e);
	}
	tw_dsn_locator_free(&l);
	return ok;
}

/* meant_move plans the edits of one DSN and has them proven. */
static bool
meant_move(const struct tw_source *src, const struct tw_dsn_found *found,
           const struct tw_dsn_target *to, struct tw_dsn_meant *m, struct tw_err *e)
{
	const char *old = tw_buf_text(&found->text);
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	bool ok;

	if (found->joined) {
		tw_fail(e, EX_DATAERR, "a macro or an expression adds text to this one");
		ok = tw_hint(e, "write the DSN as one literal, or change it by hand.");
	} else {
		ok = tw_dsn_move(old, &found->dsn, to, &changes, e) &&
		     tw_dsn_changed(&found->text, &changes, &m->text, e) &&
		     tw_dsn_prove(old, tw_buf_text(&m->text), to, e) &&
		     tw_dsn_edits(src, found, &changes, &m->edits, e);
	}
	tw_dsn_changes_free(&changes);
	return ok || tw_context(e, "%s:%zu:%zu", src->path, found->at.line, found->at.column);
}

static bool
same_bytes(const struct tw_buf *a, const struct tw_buf *b)
{
	return a->len == b->len && memcmp(tw_buf_text(a), tw_buf_text(b), a->len) == 0;
}

/* same_pointer tells whether two DSNs have the same pointer, or none. */
static bool
same_pointer(const struct tw_dsn_found *a, const struct tw_dsn_found *b)
{
	if (a->pointer == NULL || b->pointer == NULL)
		return a->pointer == b->pointer;
	return strcmp(a->pointer, b->pointer) == 0;
}

/* file_prove reads the edited file again: the same DSNs, those that are meant with the new text. */
static bool
file_prove(struct tw_dsn_file *f, struct tw_err *e)
{
	struct tw_source src = source_of(f, &f->new);
	const struct tw_dsn_meant *m = f->meant, *end = f->meant + f->n;
	bool ok = tw_dsn_list_read(&src, &f->after, e) && f->after.n == f->before.n;

	for (size_t i = 0; ok && i < f->before.n; i++) {
		const struct tw_dsn_found *old = &f->before.item[i], *new = &f->after.item[i];
		const struct tw_buf *expected = m < end && m->index == i ? &m->text : &old->text;

		m += m < end && m->index == i;
		ok = same_bytes(expected, &new->text) && same_pointer(old, new) &&
		     old->joined == new->joined;
	}
	return ok || tw_fail(e, EX_SOFTWARE, "%s: cannot prove that the file still says the same",
	                     f->path);
}

/* edits_append adds the edits of one DSN to those of its file. */
static bool
edits_append(struct tw_edits *to, const struct tw_edits *from, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < from->n; i++) {
		const struct tw_edit *x = &from->item[i];

		ok = tw_edits_add(to, x->offset, tw_buf_text(&x->old.bytes), x->old.bytes.len,
		                  tw_buf_text(&x->new.bytes), x->new.bytes.len, e);
	}
	return ok;
}

/* links_refuse refuses a file with more names than one: replacing it would part them. */
static bool
links_refuse(const struct tw_dsn_file *f, struct tw_err *e)
{
	if (!f->changes || f->st.st_nlink == 1)
		return true;
	return tw_fail(e, EX_CANTCREAT, "'%s' has %lu names (hard links)", f->path,
	               (unsigned long)f->st.st_nlink);
}

/* file_plan plans the edits of all DSNs that are meant in a file. */
static bool
file_plan(struct tw_dsn_file *f, const struct tw_dsn_target *to, struct tw_buf *notes,
          struct tw_err *e)
{
	struct tw_source src = source_of(f, &f->old);
	bool ok = true, secret = false;

	for (size_t i = 0; ok && i < f->n; i++) {
		struct tw_dsn_meant *m = &f->meant[i];
		const struct tw_dsn_found *found = &f->before.item[m->index];

		secret = secret || found->dsn.secrets > 0;
		ok = meant_move(&src, found, to, m, e) && edits_append(&f->edits, &m->edits, e);
	}
	ok = ok && tw_edits_apply(&f->edits, src.bytes, src.n, &f->new, e) && file_prove(f, e);
	f->changes = f->edits.n > 0;
	if (ok && secret && (f->st.st_mode & S_IROTH) != 0)
		ok = tw_dsn_printable(f->path, strlen(f->path), notes, e) &&
		     tw_buf_puts(notes, ": warning: everyone can read this file and its password\n",
		                 e);
	return ok && links_refuse(f, e);
}

bool
tw_dsn_plan_set(char *const *operands, size_t n, const struct tw_dsn_wanted *wanted,
                struct tw_dsn_plan *plan, struct tw_buf *notes, struct tw_err *e)
{
	struct tw_dsn_plan own = TW_DSN_PLAN_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++)
		ok = operand_plan(&own, operands[i], wanted, notes, e);
	for (size_t i = 0; ok && i < own.n; i++)
		ok = file_plan(&own.file[i], &wanted->to, notes, e);
	if (!ok) {
		tw_dsn_plan_free(&own);
		return false;
	}
	*plan = own;
	return true;
}

/* lists_read finds the DSNs of both contents, for the preview; a file that others broke has none.
 */
static void
lists_read(struct tw_dsn_file *f)
{
	struct tw_source old = source_of(f, &f->old), new = source_of(f, &f->new);
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

/* record_same refuses to change a DSN that only looks like the recorded one by its context. */
static bool
record_same(const struct tw_dsn_file *f, const json_t *dsns, struct tw_err *e)
{
	for (size_t i = 0; dsns != NULL && i < f->before.n; i++) {
		const struct tw_dsn_found *old = &f->before.item[i];

		if (same_bytes(&old->text, &f->after.item[i].text) || dsn_recorded(dsns, old))
			continue;
		tw_fail(e, EX_DATAERR, "%s:%zu:%zu: not the DSN that was changed, which is gone",
		        f->path, old->at.line, old->at.column);
		return tw_hint(e, "others changed it since; put it back by hand.");
	}
	return true;
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
	f = file_new(plan, path, e);
	if (f == NULL || !tw_edits_parse(json_object_get(json, "edits"), &f->edits, e) ||
	    !tw_file_read(path, TW_FILE_LIMIT, &f->old, &f->st, e))
		return false;
	if (!tw_edits_revert(&f->edits, tw_buf_text(&f->old), f->old.len, &f->new, &f->changes, e))
		return tw_context(e, "%s", path);
	lists_read(f);
	return record_same(f, json_object_get(json, "dsns"), e) && links_refuse(f, e);
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

bool
tw_dsn_plan_changes(const struct tw_dsn_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->file[i].changes)
			return true;
	}
	return false;
}

/* file_free releases one file of a plan. */
static void
file_free(struct tw_dsn_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		tw_buf_free(&f->meant[i].text);
		tw_edits_free(&f->meant[i].edits);
	}
	free(f->meant);
	tw_edits_free(&f->edits);
	tw_dsn_list_free(&f->before);
	tw_dsn_list_free(&f->after);
	tw_buf_free(&f->old);
	tw_buf_free(&f->new);
	free(f->path);
	free(f->absolute);
}

void
tw_dsn_plan_free(struct tw_dsn_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		file_free(&plan->file[i]);
	free(plan->file);
	*plan = (struct tw_dsn_plan)TW_DSN_PLAN_INIT;
}
