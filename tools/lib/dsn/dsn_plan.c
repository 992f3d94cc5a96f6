/* SPDX-License-Identifier: ISC */
/* dsn_plan.c: plans to move DSNs in files, proves each, and holds them until all are right. */
#include "base/file.h"
#include "dsn_plan.h"

#include <stdlib.h>
#include <string.h>

bool
tw_dsn_load(const char *path, bool plain, struct tw_buf *bytes, struct stat *st,
            struct tw_dsn_list *list, struct tw_err *e)
{
	struct tw_source src = { .path = path, .plain = plain };

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

struct tw_source
tw_dsn_plan_source(const struct tw_dsn_file *f, const struct tw_buf *bytes)
{
	return (struct tw_source){ f->path, tw_buf_text(bytes), bytes->len, f->plain };
}

struct tw_dsn_file *
tw_dsn_plan_add(struct tw_dsn_plan *plan, const char *path, struct tw_err *e)
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
file_of(struct tw_dsn_plan *plan, const char *path, bool plain, struct tw_err *e)
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
	f = tw_dsn_plan_add(plan, path, e);
	if (f == NULL)
		return NULL;
	f->plain = plain;
	return tw_dsn_load(path, plain, &f->old, &f->st, &f->before, e) ? f : NULL;
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
	bool ok = tw_dsn_locator_parse(operand, &l, e) &&
	          (f = file_of(plan, l.path, wanted->plain, e)) != NULL;

	if (ok) {
		struct tw_source src = tw_dsn_plan_source(f, &f->old);

		ok = tw_dsn_select(&src, &f->before, &l, wanted, &index, notes, e) &&
		     meant_add(f, index, e);
	}
	tw_dsn_locator_free(&l);
	return ok;
}

/* fits refuses a text that a server with a buffer of fixed size would cut. */
static bool
fits(const struct tw_buf *text, long max_length, struct tw_err *e)
{
	if (max_length == 0 || text->len <= (size_t)max_length)
		return true;
	return tw_fail(e, EX_DATAERR, "it would be %zu bytes long, and %ld are allowed", text->len,
	               max_length);
}

/* meant_move plans the edits of one DSN and has them proven; one that is as asked has none. */
static bool
meant_move(const struct tw_source *src, const struct tw_dsn_found *found,
           const struct tw_dsn_wanted *w, struct tw_dsn_meant *m, struct tw_err *e)
{
	const char *old = tw_buf_text(&found->text);
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	struct tw_dsn_target to = w->to;
	bool ok;

	/* a line for all hosts has that of the pooler too */
	if (found->kind == TW_DSN_PGPASS && found->dsn.value[TW_DSN_HOST] == NULL)
		to.host = NULL;
	if (found->why != NULL) {
		ok = tw_fail(e, EX_DATAERR, "%s", found->why);
	} else if (found->joined) {
		tw_fail(e, EX_DATAERR, "a macro or an expression adds text to this one");
		ok = tw_hint(e, "write the DSN as one literal, or change it by hand.");
	} else {
		ok = tw_dsn_move(old, &found->dsn, &to, &changes, e) &&
		     (changes.n == 0 ||
		      tw_dsn_breaks_refuse(&found->dsn, w->accept, w->n_accept, e)) &&
		     tw_dsn_changed(&found->text, &changes, &m->text, e) &&
		     (changes.n == 0 || fits(&m->text, w->max_length, e)) &&
		     tw_dsn_prove(old, tw_buf_text(&m->text), &to, e) &&
		     tw_dsn_edits(src, found, &changes, &m->edits, e);
	}
	tw_dsn_changes_free(&changes);
	return ok || tw_context(e, "%s:%zu:%zu", src->path, found->at.line, found->at.column);
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
	struct tw_source src = tw_dsn_plan_source(f, &f->new);
	const struct tw_dsn_meant *m = f->meant, *end = f->meant + f->n;
	bool ok = tw_dsn_list_read(&src, &f->after, e) && f->after.n == f->before.n;

	for (size_t i = 0; ok && i < f->before.n; i++) {
		const struct tw_dsn_found *old = &f->before.item[i], *new = &f->after.item[i];
		const struct tw_buf *expected = m < end && m->index == i ? &m->text : &old->text;

		m += m < end && m->index == i;
		ok = tw_dsn_bytes_same(expected, &new->text) && same_pointer(old, new) &&
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

bool
tw_dsn_plan_links(const struct tw_dsn_file *f, struct tw_err *e)
{
	if (!f->changes || f->st.st_nlink == 1)
		return true;
	return tw_fail(e, EX_CANTCREAT, "'%s' has %lu names (hard links)", f->path,
	               (unsigned long)f->st.st_nlink);
}

/* file_plan plans the edits of all DSNs that are meant in a file. */
static bool
file_plan(struct tw_dsn_file *f, const struct tw_dsn_wanted *wanted, struct tw_err *e)
{
	struct tw_source src = tw_dsn_plan_source(f, &f->old);
	bool ok = true;

	for (size_t i = 0; ok && i < f->n; i++) {
		struct tw_dsn_meant *m = &f->meant[i];
		const struct tw_dsn_found *found = &f->before.item[m->index];

		ok = meant_move(&src, found, wanted, m, e) && edits_append(&f->edits, &m->edits, e);
	}
	ok = ok && tw_edits_apply(&f->edits, src.bytes, src.n, &f->new, e) && file_prove(f, e);
	f->changes = f->edits.n > 0;
	return ok && tw_dsn_plan_links(f, e);
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
		ok = file_plan(&own.file[i], wanted, e);
	ok = ok && tw_dsn_plan_notes(&own, wanted->to.port, notes, e);
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
