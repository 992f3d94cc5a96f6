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

	if (last != NULL && offset < last->offset + last->old.bytes.len)
		return tw_fail(e, EX_DATAERR, "edits overlap at byte %zu", offset);
	if (old_len == 0 && new_len == 0)
		return tw_fail(e, EX_DATAERR, "an edit of nothing at byte %zu", offset);
	grown = reallocarray(edits->item, edits->n + 1, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	edits->item = grown;
	grown += edits->n++;
	*grown = (struct tw_edit){ .offset = offset };
	return tw_buf_add(&grown->old.bytes, old, old_len, e) &&
	       tw_buf_add(&grown->new.bytes, new, new_len, e);
}

/* least is the smaller of two sizes. */
static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* same tells whether the `len` bytes `want` stand at offset `at` of the n bytes `in`. */
static bool
same(const char *in, size_t n, size_t at, const char *want, size_t len)
{
	return at <= n && len <= n - at && (len == 0 || memcmp(in + at, want, len) == 0);
}

/* fits tells whether a side stands at `at`, with `k` bytes of its context before and after. */
static bool
fits(const struct tw_edit_side *side, size_t k, const char *in, size_t n, size_t at)
{
	size_t before = least(k, side->before.len), after = least(k, side->after.len);
	const char *left = tw_buf_text(&side->before) + side->before.len - before;

	return at >= before && same(in, n, at, tw_buf_text(&side->bytes), side->bytes.len) &&
	       same(in, n, at - before, left, before) &&
	       same(in, n, at + side->bytes.len, tw_buf_text(&side->after), after);
}

/* count counts where a side stands in `k` bytes of its context; *at is the last place. */
static size_t
count(const struct tw_edit_side *side, size_t k, const char *in, size_t n, size_t *at)
{
	size_t found = 0;

	for (size_t i = 0; i + side->bytes.len <= n; i++) {
		if (fits(side, k, in, n, i)) {
			found++;
			*at = i;
		}
	}
	return found;
}

/*
 * side_learn keeps what stands around a side at offset `at` of its file, and the least context (4,
 * 8 ... TW_EDIT_CONTEXT bytes) that is found only there; an anchor above that where none is.
 */
static bool
side_learn(struct tw_edit_side *side, const char *in, size_t n, size_t at, struct tw_err *e)
{
	size_t end = at + side->bytes.len, ignored;
	size_t before = least(at, TW_EDIT_CONTEXT), after = least(n - end, TW_EDIT_CONTEXT);

	tw_buf_free(&side->before);
	tw_buf_free(&side->after);
	if (!tw_buf_add(&side->before, in + at - before, before, e) ||
	    !tw_buf_add(&side->after, in + end, after, e))
		return false;
	side->anchor = 4;
	while (side->anchor <= TW_EDIT_CONTEXT && count(side, side->anchor, in, n, &ignored) != 1)
		side->anchor *= 2;
	return true;
}

/* edits_make appends the edited form of a file. */
static bool
edits_make(const struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
           struct tw_err *e)
{
	size_t at = 0;

	for (size_t i = 0; i < edits->n; i++) {
		const struct tw_edit *edit = &edits->item[i];
		const struct tw_buf *old = &edit->old.bytes, *new = &edit->new.bytes;

		if (!same(in, n, edit->offset, tw_buf_text(old), old->len))
			return tw_fail(e, EX_DATAERR, "byte %zu: the text to change is not there",
			               edit->offset);
		if (!tw_buf_add(out, in + at, edit->offset - at, e) ||
		    !tw_buf_add(out, tw_buf_text(new), new->len, e))
			return false;
		at = edit->offset + old->len;
	}
	return tw_buf_add(out, in + at, n - at, e);
}

bool
tw_edits_apply(struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
               struct tw_err *e)
{
	struct tw_buf made = TW_BUF_INIT;
	size_t shift = 0; /* how far the new offsets are ahead, modulo size_t */
	bool ok = edits_make(edits, in, n, &made, e);

	for (size_t i = 0; ok && i < edits->n; i++) {
		struct tw_edit *edit = &edits->item[i];

		ok = side_learn(&edit->old, in, n, edit->offset, e) &&
		     side_learn(&edit->new, made.data, made.len, edit->offset + shift, e);
		shift += edit->new.bytes.len - edit->old.bytes.len;
	}
	ok = ok && tw_buf_add(out, tw_buf_text(&made), made.len, e);
	tw_buf_free(&made);
	return ok;
}

/*
 * side_find looks for a side with as much of its context as still stands, its anchor at least,
 * since others may have edited close by. Returns how often it is there with that much.
 */
static size_t
side_find(const struct tw_edit_side *side, const char *in, size_t n, size_t *at)
{
	size_t found = 0;

	for (size_t k = TW_EDIT_CONTEXT; found == 0 && k >= side->anchor; k /= 2)
		found = count(side, k, in, n, at);
	return found;
}

/*
 * edit_locate finds where an edit stands now: *at, or *done is false where it was undone already.
 * `expected` is where it stood right after it was made.
 */
static bool
edit_locate(const struct tw_edit *edit, const char *in, size_t n, size_t expected, size_t *at,
            bool *done, struct tw_err *e)
{
	size_t found = 1, ignored;

	*at = expected;
	if (!fits(&edit->new, TW_EDIT_CONTEXT, in, n, expected))
		found = side_find(&edit->new, in, n, at);
	*done = found == 1;
	if (*done || (found == 0 && side_find(&edit->old, in, n, &ignored) == 1))
		return true;
	tw_fail(e, EX_DATAERR, "the edit '%s' is %s", tw_buf_text(&edit->new.bytes),
	        found > 1 ? "there more than once" : "no longer there");
	return tw_hint(e, "the text around it was changed since; put '%s' back by hand.",
	               tw_buf_text(&edit->old.bytes));
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
		const struct tw_buf *old = &edit->old.bytes, *new = &edit->new.bytes;
		size_t at;
		bool done;

		ok = edit_locate(edit, in, n, edit->offset + shift, &at, &done, e);
		shift += new->len - old->len;
		if (!ok || !done)
			continue;
		any = true;
		if (at < from)
			ok = tw_fail(e, EX_DATAERR, "the edits are no longer in their order");
		else
			ok = tw_buf_add(&made, in + from, at - from, e) &&
			     tw_buf_add(&made, tw_buf_text(old), old->len, e);
		from = at + new->len;
	}
	ok = ok && tw_buf_add(&made, in + from, n - from, e) &&
	     tw_buf_add(out, tw_buf_text(&made), made.len, e);
	tw_buf_free(&made);
	if (ok)
		*reverted = any;
	return ok;
}

bool
tw_edits_present(const struct tw_edits *edits, const char *in, size_t n)
{
	size_t ignored;

	for (size_t i = 0; i < edits->n; i++) {
		if (side_find(&edits->item[i].new, in, n, &ignored) > 0)
			return true;
	}
	return false;
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

/* side_json adds a side's context to an object, as SIDE_before_hex, SIDE_after_hex, SIDE_anchor. */
static void
side_json(json_t *one, const char *name, const struct tw_edit_side *side)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_before_hex", name);
	json_object_set_new(one, key, hex_new(&side->before));
	snprintf(key, sizeof(key), "%s_after_hex", name);
	json_object_set_new(one, key, hex_new(&side->after));
	snprintf(key, sizeof(key), "%s_anchor", name);
	json_object_set_new(one, key, json_integer((json_int_t)side->anchor));
}

json_t *
tw_edits_json(const struct tw_edits *edits, bool context)
{
	json_t *list = json_array();

	for (size_t i = 0; i < edits->n; i++) {
		const struct tw_edit *edit = &edits->item[i];
		const struct tw_buf *old = &edit->old.bytes, *new = &edit->new.bytes;
		json_t *one = json_pack("{sI ss# ss#}", "offset", (json_int_t)edit->offset, "old",
		                        tw_buf_text(old), (int)old->len, "new", tw_buf_text(new),
		                        (int)new->len);

		if (context) {
			side_json(one, "old", &edit->old);
			side_json(one, "new", &edit->new);
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

/* side_parse is side_json's inverse; a side without a context is found at its own place only. */
static bool
side_parse(const json_t *one, const char *name, struct tw_edit_side *side, struct tw_err *e)
{
	const json_t *anchor;
	char key[32];

	snprintf(key, sizeof(key), "%s_before_hex", name);
	if (!hex_read(json_string_value(json_object_get(one, key)), &side->before, e))
		return false;
	snprintf(key, sizeof(key), "%s_after_hex", name);
	if (!hex_read(json_string_value(json_object_get(one, key)), &side->after, e))
		return false;
	snprintf(key, sizeof(key), "%s_anchor", name);
	anchor = json_object_get(one, key);
	side->anchor = anchor ? (size_t)json_integer_value(anchor) : 2 * TW_EDIT_CONTEXT;
	return side->anchor >= 4 || tw_fail(e, EX_DATAERR, "%s is not a number from 4 on", key);
}

/* edit_parse reads one element of a list of edits. */
static bool
edit_parse(const json_t *json, struct tw_edits *edits, struct tw_err *e)
{
	const char *old, *new;
	size_t old_len, new_len;
	json_int_t offset;

	if (json_unpack((json_t *)json, "{sI ss% ss%}", "offset", &offset, "old", &old, &old_len,
	                "new", &new, &new_len) != 0 ||
	    offset < 0)
		return tw_fail(e, EX_DATAERR, "not an edit: expected offset, old, new");
	return tw_edits_add(edits, (size_t)offset, old, old_len, new, new_len, e) &&
	       side_parse(json, "old", &edits->item[edits->n - 1].old, e) &&
	       side_parse(json, "new", &edits->item[edits->n - 1].new, e);
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

/* side_free wipes what a side holds. */
static void
side_free(struct tw_edit_side *side)
{
	tw_buf_free(&side->bytes);
	tw_buf_free(&side->before);
	tw_buf_free(&side->after);
}

void
tw_edits_free(struct tw_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		side_free(&edits->item[i].old);
		side_free(&edits->item[i].new);
	}
	free(edits->item);
	*edits = (struct tw_edits)TW_EDITS_INIT;
}
