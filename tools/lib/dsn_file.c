/* SPDX-License-Identifier: ISC */
/* dsn_file.c: collects the DSNs of a file, shows them, and maps changes back to its bytes. */
#include "dsn_file.h"

#include <stdlib.h>
#include <string.h>

/* Edits closer than this are made one: the bytes between are too few to find either again. */
#define GAP_MIN 4

/* list_grow makes room for one more. */
static bool
list_grow(struct tw_dsn_list *list, struct tw_err *e)
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

/* found_add judges a string of the file, and keeps it if it is a DSN. */
static bool
found_add(const struct tw_text *text, void *arg, struct tw_err *e)
{
	struct tw_dsn_list *list = arg;
	struct tw_dsn_found *f;
	struct tw_dsn dsn;
	bool is;

	if (!tw_dsn_read(tw_buf_text(&text->bytes), text->bytes.len, &dsn, &is, e))
		return false;
	if (!is)
		return true;
	if (!list_grow(list, e)) {
		tw_dsn_free(&dsn);
		return false;
	}
	f = &list->item[list->n++];
	*f = (struct tw_dsn_found){
		.at = text->at, .last_line = text->last_line, .dsn = dsn, .joined = text->joined
	};
	f->raw = reallocarray(NULL, text->bytes.len, sizeof(*f->raw));
	f->pointer = text->pointer != NULL ? strdup(text->pointer) : NULL;
	if (f->raw == NULL || (text->pointer != NULL && f->pointer == NULL))
		return tw_fail(e, EX_OSERR, "out of memory");
	memcpy(f->raw, text->raw, text->bytes.len * sizeof(*f->raw));
	return tw_buf_add(&f->text, text->bytes.data, text->bytes.len, e);
}

bool
tw_dsn_list_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e)
{
	struct tw_dsn_list own = TW_DSN_LIST_INIT;

	if (!tw_text_scan(src, found_add, &own, e)) {
		bool full = own.n == TW_DSN_FOUND_MAX;

		tw_dsn_list_free(&own);
		return full ? tw_context(e, "%s", src->path) : false;
	}
	*list = own;
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

/* field_add appends a tab and a value, "-" where it is absent. */
static bool
field_add(struct tw_buf *out, const char *value, struct tw_err *e)
{
	value = value != NULL ? value : "-";
	return tw_buf_puts(out, "\t", e) && tw_dsn_printable(value, strlen(value), out, e);
}

bool
tw_dsn_record(const char *path, const struct tw_dsn_found *f, struct tw_buf *out, struct tw_err *e)
{
	static const enum tw_dsn_key shown[] = { TW_DSN_HOST, TW_DSN_PORT, TW_DSN_DBNAME,
		                                 TW_DSN_USER };
	bool ok = tw_dsn_printable(path, strlen(path), out, e) &&
	          tw_buf_printf(out, e, ":%zu:%zu\t%s", f->at.line, f->at.column,
	                        tw_dsn_form_name(f->dsn.form));

	for (size_t i = 0; ok && i < sizeof(shown) / sizeof(shown[0]); i++)
		ok = field_add(out, f->dsn.opaque ? "***" : f->dsn.value[shown[i]], e);
	return ok && field_add(out, f->pointer, e) && tw_buf_puts(out, "\n", e);
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
