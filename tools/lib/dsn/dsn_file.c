/* SPDX-License-Identifier: ISC */
/* dsn_file.c: collects the DSNs of a file, shows them, and maps changes back to its bytes. */
#include "dsn_file.h"
#include "dsn_setting.h"

#include <stdlib.h>
#include <string.h>

/* Edits closer than this are made one: the bytes between are too few to find either again. */
#define GAP_MIN 4

/* A string is judged as a whole, and after one and two names: Environment=DSN=host=h port=5432. */
#define ASSIGNMENTS_MAX 3

bool
tw_dsn_list_grow(struct tw_dsn_list *list, struct tw_err *e)
{
	size_t cap = list->cap > 0 ? 2 * list->cap : 8;
	struct tw_dsn_found *grown;

	if (list->n == TW_DSN_FOUND_MAX)
		return tw_fail(e, EX_DATAERR, "more than %zu DSNs in one file", TW_DSN_FOUND_MAX);
	if (list->n < list->cap)
		return true;
	grown = reallocarray(list->item, cap, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	list->item = grown;
	list->cap = cap;
	return true;
}

/* found_keep adds a DSN, which stands in a string from byte `skip` on, to the list. */
static bool
found_keep(const struct tw_text *text, size_t skip, struct tw_dsn *dsn, struct tw_dsn_list *list,
           struct tw_err *e)
{
	size_t n = text->bytes.len - skip;
	struct tw_dsn_found *f;

	if (!tw_dsn_list_grow(list, e)) {
		tw_dsn_free(dsn);
		return false;
	}
	f = &list->item[list->n++];
	*f = (struct tw_dsn_found){
		.at = text->at, .last_line = text->last_line, .dsn = *dsn, .joined = text->joined
	};
	f->raw = reallocarray(NULL, n, sizeof(*f->raw));
	f->pointer = text->pointer != NULL ? strdup(text->pointer) : NULL;
	if (f->raw == NULL || (text->pointer != NULL && f->pointer == NULL))
		return tw_fail(e, EX_OSERR, "out of memory");
	memcpy(f->raw, text->raw + skip, n * sizeof(*f->raw));
	return tw_buf_add(&f->text, text->bytes.data + skip, n, e);
}

size_t
tw_dsn_assignment(const char *text)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_.-";
	size_t n = strncmp(text, "export ", 7) == 0 ? 7 : 0, end = n + strspn(text + n, name);

	if (end == n)
		return 0;
	end += strspn(text + end, " \t");
	return text[end] == '=' ? end + 1 + strspn(text + end + 1, " \t") : 0;
}

/*
 * found_add judges a string of the file, and what is assigned in it ("DATABASE_URL=..."), and keeps
 * the first that is a DSN. Out of quotes, one keyword is not enough: port=5432 may be a variable.
 */
static bool
found_add(const struct tw_text *text, struct tw_dsn_list *list, bool *any, struct tw_err *e)
{
	const char *all = tw_buf_text(&text->bytes);
	struct tw_dsn dsn;
	size_t skip = 0;
	bool is;

	for (int i = 0; i < ASSIGNMENTS_MAX; i++) {
		size_t name = i > 0 ? tw_dsn_assignment(all + skip) : 0;

		if (i > 0 && name == 0)
			return true;
		skip += name;
		if (!tw_dsn_read(all + skip, text->bytes.len - skip, &dsn, &is, e))
			return false;
		if (is && (!text->bare || dsn.form != TW_DSN_KEYWORD || dsn.named > 1))
			return (*any = found_keep(text, skip, &dsn, list, e));
		if (is)
			tw_dsn_free(&dsn);
	}
	return true;
}

/* What is collected of a file while it is scanned. */
struct collection {
	const char *path;
	struct tw_dsn_list list;
	struct tw_settings settings;
};

/* text_visit keeps a text that is a DSN, or that may be a part of one. */
static bool
text_visit(const struct tw_text *text, void *arg, struct tw_err *e)
{
	struct collection *all = arg;
	bool any = false;

	return found_add(text, &all->list, &any, e) &&
	       (any || tw_settings_note(&all->settings, all->path, text, e));
}

/* setting_visit keeps what may be a part of one. */
static bool
setting_visit(const struct tw_text *text, void *arg, struct tw_err *e)
{
	struct collection *all = arg;

	return tw_settings_note(&all->settings, all->path, text, e);
}

/* variable_visit keeps what may be a variable of libpq. */
static bool
variable_visit(const struct tw_text *text, void *arg, struct tw_err *e)
{
	const char *last = text->key != NULL ? strrchr(text->key, '/') : NULL;

	return last == NULL || strncmp(last, "/PG", 3) != 0 || setting_visit(text, arg, e);
}

/* settings_read finds what the tokenizer of a file's strings does not see. */
static bool
settings_read(const struct tw_source *src, struct collection *all, struct tw_err *e)
{
	/* TOML's lines are those of INI, unless a string of it has several */
	if (tw_text_scanner_of(src->path) == tw_text_toml &&
	    memmem(src->bytes, src->n, "\"\"\"", 3) == NULL &&
	    memmem(src->bytes, src->n, "'''", 3) == NULL &&
	    !tw_text_ini(src, setting_visit, all, e))
		return false;
	if (tw_pgpass_is(src->path) && !tw_pgpass_read(src, &all->list, e))
		return false;
	if (tw_text_scanner_of(src->path) == tw_text_c &&
	    ((tw_dsn_variables(src) && !tw_text_c_names(src, variable_visit, all, e)) ||
	     !tw_define_read(src, &all->list, e)))
		return false;
	return tw_settings_group(&all->settings, src, &all->list, e);
}

/* by_place orders DSNs by where they stand; what stands at one place, by kind. */
static int
by_place(const void *a, const void *b)
{
	const struct tw_dsn_found *x = a, *y = b;

	if (x->at.offset != y->at.offset)
		return x->at.offset < y->at.offset ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

bool
tw_dsn_list_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e)
{
	struct collection own = { .path = src->path };
	bool ok = tw_text_scan(src, text_visit, &own, e) && settings_read(src, &own, e);

	tw_settings_free(&own.settings);
	if (!ok) {
		bool full = own.list.n == TW_DSN_FOUND_MAX;

		tw_dsn_list_free(&own.list);
		return full ? tw_context(e, "%s", src->path) : false;
	}
	if (own.list.n > 1)
		qsort(own.list.item, own.list.n, sizeof(*own.list.item), by_place);
	*list = own.list;
	return true;
}

void
tw_dsn_list_free(struct tw_dsn_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		tw_dsn_free(&list->item[i].dsn);
		tw_buf_free(&list->item[i].text);
		free(list->item[i].pointer);
		free(list->item[i].raw);
	}
	free(list->item);
	*list = (struct tw_dsn_list)TW_DSN_LIST_INIT;
}

bool
tw_dsn_printable(const char *text, size_t n, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		ok = c < 0x20 || c == 0x7f ? tw_buf_printf(out, e, "\\x%02x", c)
		                           : tw_buf_add(out, text + i, 1, e);
	}
	return ok;
}

bool
tw_dsn_bytes_same(const struct tw_buf *a, const struct tw_buf *b)
{
	return a->len == b->len && memcmp(tw_buf_text(a), tw_buf_text(b), a->len) == 0;
}

/* field_add appends a tab and a value, "-" where it is absent. */
static bool
field_add(struct tw_buf *out, const char *value, struct tw_err *e)
{
	value = value != NULL ? value : "-";
	return tw_buf_puts(out, "\t", e) && tw_dsn_printable(value, strlen(value), out, e);
}

const char *
tw_dsn_found_form(const struct tw_dsn_found *f)
{
	static const char *const names[] = { "",        "environment", "settings",
		                             "service", "pgpass",      "define" };

	return f->kind == TW_DSN_TEXT ? tw_dsn_form_name(f->dsn.form) : names[f->kind];
}

const char *
tw_dsn_confidence(const struct tw_dsn_found *f)
{
	const struct tw_dsn *d = &f->dsn;

	if (f->kind == TW_DSN_SERVICEFILE || f->kind == TW_DSN_PGPASS)
		return "certain";
	if (f->kind != TW_DSN_TEXT)
		return f->sure ? "likely" : "possible";
	if (f->joined || d->opaque || d->named < (d->form == TW_DSN_KEYWORD ? 2 : 1))
		return "possible";
	return d->form == TW_DSN_KEYWORD || d->form == TW_DSN_ODBC ? "likely" : "certain";
}

bool
tw_dsn_record(const char *path, const struct tw_dsn_found *f, struct tw_buf *out, struct tw_err *e)
{
	static const enum tw_dsn_key shown[] = { TW_DSN_HOST, TW_DSN_PORT, TW_DSN_DBNAME,
		                                 TW_DSN_USER };
	bool ok = tw_dsn_printable(path, strlen(path), out, e) &&
	          tw_buf_printf(out, e, ":%zu:%zu\t%s", f->at.line, f->at.column,
	                        tw_dsn_found_form(f));

	for (size_t i = 0; ok && i < sizeof(shown) / sizeof(shown[0]); i++)
		ok = field_add(out, f->dsn.opaque ? "***" : f->dsn.value[shown[i]], e);
	return ok && field_add(out, f->pointer, e) && field_add(out, tw_dsn_confidence(f), e) &&
	       tw_buf_puts(out, "\n", e);
}

/* An edit in the making: bytes `at` of the file, and what replaces them. */
struct piece {
	bool any;
	struct tw_span at;
	struct tw_buf new;
};

/* piece_end hands the edit over. */
static bool
piece_end(struct piece *p, const struct tw_source *src, struct tw_edits *edits, struct tw_err *e)
{
	bool ok = !p->any ||
	          tw_edits_add(edits, p->at.begin, src->bytes + p->at.begin,
	                       p->at.end - p->at.begin, tw_buf_text(&p->new), p->new.len, e);

	p->any = false;
	tw_buf_free(&p->new);
	return ok;
}

/* piece_add goes on with the edit if the next bytes are close, or starts another. */
static bool
piece_add(struct piece *p, const struct tw_source *src, struct tw_span at, const struct tw_buf *new,
          struct tw_edits *edits, struct tw_err *e)
{
	if (p->any && at.begin - p->at.end < GAP_MIN) {
		if (!tw_buf_add(&p->new, src->bytes + p->at.end, at.begin - p->at.end, e))
			return false;
	} else {
		if (!piece_end(p, src, edits, e))
			return false;
		p->any = true;
		p->at.begin = at.begin;
	}
	p->at.end = at.end;
	return new == NULL || tw_buf_add(&p->new, tw_buf_text(new), new->len, e);
}

/*
 * change_map adds one change. Where its text stands in several pieces of the file ("54" "32"), the
 * first takes the new text, the others lose theirs, and what is between them stays.
 */
static bool
change_map(struct piece *p, const struct tw_source *src, const struct tw_dsn_found *f,
           const struct tw_dsn_change *c, struct tw_edits *edits, struct tw_err *e)
{
	const struct tw_raw *raw = f->raw;
	const struct tw_buf *new = &c->new;
	bool ok = true;

	if (c->at.begin == c->at.end) {
		size_t at = c->at.begin > 0 ? raw[c->at.begin - 1].end : raw[0].begin;

		return piece_add(p, src, (struct tw_span){ at, at }, new, edits, e);
	}
	for (size_t i = c->at.begin, j; ok && i < c->at.end; i = j) {
		for (j = i + 1; j < c->at.end && raw[j].begin <= raw[j - 1].end; j++)
			;
		ok = piece_add(p, src, (struct tw_span){ raw[i].begin, raw[j - 1].end }, new, edits,
		               e);
		new = NULL;
	}
	return ok;
}

bool
tw_dsn_edits(const struct tw_source *src, const struct tw_dsn_found *f,
             const struct tw_dsn_changes *changes, struct tw_edits *edits, struct tw_err *e)
{
	struct piece p = { .any = false };
	bool ok = true;

	for (size_t i = 0; ok && i < changes->n; i++)
		ok = change_map(&p, src, f, &changes->item[i], edits, e);
	ok = ok && piece_end(&p, src, edits, e);
	tw_buf_free(&p.new);
	return ok;
}
