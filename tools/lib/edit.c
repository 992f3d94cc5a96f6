/* SPDX-License-Identifier: ISC */
/* edit.c: applies recorded edits, and finds them again in a file that has moved on. */
#include "edit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool
tw_edits_add(struct tw_edits *edits, size_t offset, const char *old, size_t old_len,
             const char *new, size_t new_len, struct tw_err *e)
{
	const struct tw_edit *last = edits->n > 0 ? &edits->item[edits->n - 1] : NULL;
	struct tw_edit *grown;

	if (last != NULL && offset < last->offset + last->old.len)
		return tw_fail(e, EX_DATAERR, "edits overlap at byte %zu", offset);
	if (old_len == 0 && new_len == 0)
		return tw_fail(e, EX_DATAERR, "an edit of nothing at byte %zu", offset);
	grown = reallocarray(edits->item, edits->n + 1, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	edits->item = grown;
	grown += edits->n++;
	*grown = (struct tw_edit){ .offset = offset };
	return tw_buf_add(&grown->old, old, old_len, e) && tw_buf_add(&grown->new, new, new_len, e);
}

/* context_set keeps up to TW_EDIT_CONTEXT bytes on both sides of [at, at + len). */
static bool
context_set(struct tw_edit *edit, const struct tw_buf *file, size_t at, struct tw_err *e)
{
	size_t end = at + edit->new.len, before = at, after = file->len - end;

	if (before > TW_EDIT_CONTEXT)
		before = TW_EDIT_CONTEXT;
	if (after > TW_EDIT_CONTEXT)
		after = TW_EDIT_CONTEXT;
	tw_buf_free(&edit->before);
	tw_buf_free(&edit->after);
	return tw_buf_add(&edit->before, file->data + at - before, before, e) &&
	       tw_buf_add(&edit->after, file->data + end, after, e);
}

/* bytes_at tells whether `want` stands at offset `at` of the n bytes `in`. */
static bool
bytes_at(const char *in, size_t n, size_t at, const struct tw_buf *want)
{
	return at <= n && want->len <= n - at &&
	       (want->len == 0 || memcmp(in + at, want->data, want->len) == 0);
}

/* least is the smaller of two sizes. */
static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* fits tells whether `middle` stands at `at`, with `k` bytes of the edit's context on each side. */
static bool
fits(const struct tw_edit *edit, const struct tw_buf *middle, size_t k, const char *in, size_t n,
     size_t at)
{
	size_t before = least(k, edit->before.len), after = least(k, edit->after.len);
	size_t end = at + middle->len;

	if (at < before || end > n || n - end < after || !bytes_at(in, n, at, middle))
		return false;
	if (before > 0 &&
	    memcmp(in + at - before, edit->before.data + edit->before.len - before, before) != 0)
		return false;
	return after == 0 || memcmp(in + end, edit->after.data, after) == 0;
}

/* place_find counts where `middle` stands in `k` bytes of context; *at is the last place. */
static size_t
place_find(const struct tw_edit *edit, const struct tw_buf *middle, size_t k, const char *in,
           size_t n, size_t *at)
{
	size_t found = 0;

	for (size_t i = 0; i + middle->len <= n; i++) {
		if (fits(edit, middle, k, in, n, i)) {
			found++;
			*at = i;
		}
	}
	return found;
}

/*
 * anchor_find is the least context (4, 8 ... TW_EDIT_CONTEXT bytes) that tells the edit from every
 * other place of the edited file with the same bytes; more than there is where nothing does.
 */
static size_t
anchor_find(const struct tw_edit *edit, const struct tw_buf *file)
{
	size_t k = 4, at;

	while (k <= TW_EDIT_CONTEXT &&
	       place_find(edit, &edit->new, k, file->data, file->len, &at) != 1)
		k *= 2;
	return k;
}

bool
tw_edits_apply(struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
               struct tw_err *e)
{
	struct tw_buf made = TW_BUF_INIT;
	size_t at = 0, shift = 0; /* shift: how far the new offsets are ahead, modulo size_t */
	bool ok = true;

	for (size_t i = 0; ok && i < edits->n; i++) {
		const struct tw_edit *edit = &edits->item[i];

		if (!bytes_at(in, n, edit->offset, &edit->old))
			ok = tw_fail(e, EX_DATAERR, "byte %zu: the text to change is not there",
			             edit->offset);
		else
			ok = tw_buf_add(&made, in + at, edit->offset - at, e) &&
			     tw_buf_add(&made, tw_buf_text(&edit->new), edit->new.len, e);
		at = edit->offset + edit->old.len;
	}
	ok = ok && tw_buf_add(&made, in + at, n - at, e);
	for (size_t i = 0; ok && i < edits->n; i++) {
		struct tw_edit *edit = &edits->item[i];

		ok = context_set(edit, &made, edit->offset + shift, e);
		edit->anchor = ok ? anchor_find(edit, &made) : 0;
		shift += edit->new.len - edit->old.len;
	}
	ok = ok && tw_buf_add(out, tw_buf_text(&made), made.len, e);
	tw_buf_free(&made);
	return ok;
}

/*
 * place_widest looks for `middle` with as much context as still stands, its anchor at least, since
 * others may have edited close by. Returns how often it is there with that much.
 */
static size_t
place_widest(const struct tw_edit *edit, const struct tw_buf *middle, const char *in, size_t n,
             size_t *at)
{
	size_t found = 0;

	for (size_t k = TW_EDIT_CONTEXT; found == 0 && k >= edit->anchor; k /= 2)
		found = place_find(edit, middle, k, in, n, at);
	return found;
}

/*
 * edit_locate finds where an edit stands now: *at, and *done whether it is still in place (or was
 * undone already). `expected` is where it stood right after it was made.
 */
static bool
edit_locate(const struct tw_edit *edit, const char *in, size_t n, size_t expected, size_t *at,
            bool *done, struct tw_err *e)
{
	size_t found, elsewhere = 0;

	*done = true;
	*at = expected;
	if (fits(edit, &edit->new, TW_EDIT_CONTEXT, in, n, expected))
		return true;
	found = place_widest(edit, &edit->new, in, n, at);
	if (found == 1)
		return true;
	if (found == 0 && place_widest(edit, &edit->old, in, n, &elsewhere) == 1) {
		*done = false;
		*at = elsewhere;
		return true;
	}
	tw_fail(e, EX_DATAERR, "the edit '%s' is %s", tw_buf_text(&edit->new),
	        found > 1 ? "there more than once" : "no longer there");
	return tw_hint(e, "the text around it was changed since; put '%s' back by hand.",
	               tw_buf_text(&edit->old));
}

bool
tw_edits_revert(const struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
                bool *reverted, struct tw_err *e)
{
	struct tw_buf made = TW_BUF_INIT;
	size_t from = 0, shift = 0;
	bool any = false, ok = true;

	for (size_t i = 0; ok && i < edits->n; i++) {
		const struct tw_edit *edit = &edits->item[i];
		const struct tw_buf *gone;
		size_t at;
		bool done;

		ok = edit_locate(edit, in, n, edit->offset + shift, &at, &done, e);
		if (ok && at < from)
			ok = tw_fail(e, EX_DATAERR, "the edits are no longer in their order");
		if (!ok)
			break;
		gone = done ? &edit->new : &edit->old;
		any = any || done;
		ok = tw_buf_add(&made, in + from, at - from, e) &&
		     tw_buf_add(&made, tw_buf_text(&edit->old), edit->old.len, e);
		from = at + gone->len;
		shift += edit->new.len - edit->old.len;
	}
	ok = ok && tw_buf_add(&made, in + from, n - from, e) &&
	     tw_buf_add(out, tw_buf_text(&made), made.len, e);
	tw_buf_free(&made);
	if (ok)
		*reverted = any;
	return ok;
}

/* hex_new is a JSON string of the bytes in hexadecimal: contexts need not be UTF-8. */
static json_t *
hex_new(const struct tw_buf *b)
{
	char text[2 * TW_EDIT_CONTEXT + 1];

	for (size_t i = 0; i < b->len && i < TW_EDIT_CONTEXT; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)b->data[i]);
	text[2 * b->len] = '\0';
	return json_string(text);
}

json_t *
tw_edits_json(const struct tw_edits *edits, bool context)
{
	json_t *list = json_array();

	for (size_t i = 0; i < edits->n; i++) {
		const struct tw_edit *edit = &edits->item[i];
		json_t *one = json_pack("{sI ss# ss#}", "offset", (json_int_t)edit->offset, "old",
		                        tw_buf_text(&edit->old), (int)edit->old.len, "new",
		                        tw_buf_text(&edit->new), (int)edit->new.len);

		if (context) {
			json_object_set_new(one, "before_hex", hex_new(&edit->before));
			json_object_set_new(one, "after_hex", hex_new(&edit->after));
			json_object_set_new(one, "anchor", json_integer((json_int_t)edit->anchor));
		}
		json_array_append_new(list, one);
	}
	return list;
}

/* hex_read is hex_new's inverse; absent text is no context. */
static bool
hex_read(const char *text, struct tw_buf *b, struct tw_err *e)
{
	size_t n = text != NULL ? strlen(text) : 0;
	unsigned byte;

	if (n % 2 != 0 || n > (size_t)2 * TW_EDIT_CONTEXT ||
	    (n > 0 && strspn(text, "0123456789abcdef") != n))
		return tw_fail(e, EX_DATAERR, "a context is not hexadecimal");
	for (size_t i = 0; i < n; i += 2) {
		char c;

		sscanf(text + i, "%2x", &byte);
		c = (char)byte;
		if (!tw_buf_add(b, &c, 1, e))
			return false;
	}
	return true;
}

/* edit_parse reads one element of a list of edits. */
static bool
edit_parse(const json_t *json, struct tw_edits *edits, struct tw_err *e)
{
	const char *old, *new, *before = NULL, *after = NULL;
	size_t old_len, new_len;
	json_int_t offset, anchor = TW_EDIT_CONTEXT;

	if (json_unpack((json_t *)json, "{sI ss% ss% s?s s?s s?I}", "offset", &offset, "old", &old,
	                &old_len, "new", &new, &new_len, "before_hex", &before, "after_hex", &after,
	                "anchor", &anchor) != 0 ||
	    offset < 0 || anchor < 4)
		return tw_fail(e, EX_DATAERR, "not an edit: expected offset, old, new");
	if (!tw_edits_add(edits, (size_t)offset, old, old_len, new, new_len, e))
		return false;
	edits->item[edits->n - 1].anchor = (size_t)anchor;
	return hex_read(before, &edits->item[edits->n - 1].before, e) &&
	       hex_read(after, &edits->item[edits->n - 1].after, e);
}

bool
tw_edits_parse(const json_t *json, struct tw_edits *edits, struct tw_err *e)
{
	struct tw_edits own = TW_EDITS_INIT;
	bool ok = json_is_array(json) || tw_fail(e, EX_DATAERR, "edits are not a list");
	json_t *item;
	size_t i;

	json_array_foreach (json, i, item)
		ok = ok && edit_parse(item, &own, e);
	if (!ok) {
		tw_edits_free(&own);
		return tw_context(e, "edits");
	}
	*edits = own;
	return true;
}

void
tw_edits_free(struct tw_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		tw_buf_free(&edits->item[i].old);
		tw_buf_free(&edits->item[i].new);
		tw_buf_free(&edits->item[i].before);
		tw_buf_free(&edits->item[i].after);
	}
	free(edits->item);
	*edits = (struct tw_edits)TW_EDITS_INIT;
}
