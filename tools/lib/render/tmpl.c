/* SPDX-License-Identifier: ISC */
/* tmpl.c: one pass over a template, going round in lists. Lines are counted only for errors. */
#include "encode.h"
#include "tmpl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 64

struct tmpl {
	const char *path;
	const char *text;
	size_t n;
};

/* The data seen from inside of lists: the innermost element first. */
struct scope {
	const json_t *object;
	const struct scope *outer;
};

/* One {{...}}; start and end include the rest of the line where a list's tag stands alone. */
struct tag {
	size_t start, end;
	char kind; /* '#', '/', or 0 for a hole */
	char name[NAME_SIZE];
	char encoder[NAME_SIZE]; /* of a hole; "" where it has none */
};

/* tmpl_fail is tw_fail with the place `at` as file:line; always false. */
static bool
tmpl_fail(const struct tmpl *t, size_t at, struct tw_err *e, const char *what, const char *name)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += t->text[i] == '\n';
	return tw_fail(e, EX_DATAERR, "%s:%zu: %s '%s'", t->path, line, what, name);
}

/* find is the place of a two-byte mark at or after `from`, or t->n. */
static size_t
find(const struct tmpl *t, size_t from, const char *mark)
{
	const char *at = from < t->n ? memmem(t->text + from, t->n - from, mark, 2) : NULL;

	return at != NULL ? (size_t)(at - t->text) : t->n;
}

/* word_read copies the name at *at (past blanks) to `out` and moves *at behind it and blanks. */
static void
word_read(const char **at, const char *end, char out[NAME_SIZE])
{
	size_t n = 0;

	while (*at < end && **at == ' ')
		++*at;
	while (*at < end && (isalnum((unsigned char)**at) || **at == '_') && n < NAME_SIZE - 1)
		out[n++] = *(*at)++;
	out[n] = '\0';
	while (*at < end && **at == ' ')
		++*at;
}

/* tag_widen takes the whole line where nothing but blanks is beside the tag. */
static void
tag_widen(const struct tmpl *t, struct tag *tag)
{
	size_t start = tag->start, end = tag->end;

	while (start > 0 && (t->text[start - 1] == ' ' || t->text[start - 1] == '\t'))
		start--;
	while (end < t->n && (t->text[end] == ' ' || t->text[end] == '\t'))
		end++;
	if ((start > 0 && t->text[start - 1] != '\n') || (end < t->n && t->text[end] != '\n'))
		return;
	tag->start = start;
	tag->end = end < t->n ? end + 1 : end;
}

/* encoder_fail refuses a hole's encoder; always false. */
static bool
encoder_fail(const struct tmpl *t, const struct tag *tag, struct tw_err *e)
{
	char what[128];

	if (tag->encoder[0] == '\0')
		return tmpl_fail(t, tag->start, e, "no encoder for the key", tag->name);
	snprintf(what, sizeof(what), "unknown encoder '%s' for the key", tag->encoder);
	return tmpl_fail(t, tag->start, e, what, tag->name);
}

/* tag_parse reads the tag that opens at `at`. */
static bool
tag_parse(const struct tmpl *t, size_t at, struct tag *tag, struct tw_err *e)
{
	size_t close = find(t, at + 2, "}}");
	const char *s = t->text + at + 2, *end = t->text + close;
	char text[NAME_SIZE];

	if (close == t->n || memchr(s, '\n', (size_t)(end - s)) != NULL)
		return tmpl_fail(t, at, e, "a tag is not closed on its line with", "}}");
	snprintf(text, sizeof(text), "%.*s", (int)((size_t)(end - s) < 60 ? end - s : 60), s);
	*tag = (struct tag){ .start = at, .end = close + 2 };
	if (s < end && (*s == '#' || *s == '/'))
		tag->kind = *s++;
	word_read(&s, end, tag->name);
	if (tag->kind == '\0' && s < end && *s == '|') {
		s++;
		word_read(&s, end, tag->encoder);
	}
	if (s != end || tag->name[0] == '\0')
		return tmpl_fail(t, at, e, "not a tag that twpool knows:", text);
	if (tag->kind != '\0')
		tag_widen(t, tag);
	else if (!tw_encode_known(tag->encoder))
		return encoder_fail(t, tag, e);
	return true;
}

/* lookup is the value of a key as seen from `scope`, or NULL. */
static const json_t *
lookup(const struct scope *scope, const char *key)
{
	const json_t *v = NULL;

	for (; scope != NULL && v == NULL; scope = scope->outer)
		v = json_object_get(scope->object, key);
	return v;
}

/* hole_fill appends the value of one hole. */
static bool
hole_fill(const struct tmpl *t, const struct tag *tag, const struct scope *scope,
          struct tw_buf *out, struct tw_err *e)
{
	const json_t *v = lookup(scope, tag->name);
	char what[256];

	if (v == NULL)
		return tmpl_fail(t, tag->start, e, "unknown key", tag->name);
	if (!json_is_string(v))
		return tmpl_fail(t, tag->start, e, "a list cannot fill the hole", tag->name);
	if (tw_encode(tag->encoder, json_string_value(v), out, e))
		return true;
	if (e->exit != EX_DATAERR)
		return false;
	snprintf(what, sizeof(what), "the value %.120s, which the encoder '%s' cannot write: key",
	         e->msg, tag->encoder);
	return tmpl_fail(t, tag->start, e, what, tag->name);
}

static bool span_render(const struct tmpl *t, size_t from, const struct tag *open,
                        const struct scope *scope, struct tw_buf *out, size_t *end,
                        struct tw_err *e);

/* list_render renders the body behind `open` once for each element; *end is behind its last tag. */
static bool
list_render(const struct tmpl *t, const struct tag *open, const struct scope *scope,
            struct tw_buf *out, size_t *end, struct tw_err *e)
{
	const json_t *list = lookup(scope, open->name);
	json_t *item;
	size_t i;

	if (scope != NULL && !json_is_array(list))
		return tmpl_fail(t, open->start, e,
		                 list == NULL ? "unknown key" : "not a list:", open->name);
	if (json_array_size(list) == 0)
		return span_render(t, open->end, open, NULL, out, end, e);
	json_array_foreach (list, i, item) {
		struct scope inner = { item, scope };

		if (!span_render(t, open->end, open, &inner, out, end, e))
			return false;
	}
	return true;
}

/*
 * span_render renders from `from` to the end of the list `open`, or of the template where `open` is
 * NULL. Without a scope nothing is written: the text is only checked.
 */
static bool
span_render(const struct tmpl *t, size_t from, const struct tag *open, const struct scope *scope,
            struct tw_buf *out, size_t *end, struct tw_err *e)
{
	for (;;) {
		size_t at = find(t, from, "{{");
		struct tag tag = { .start = t->n, .end = t->n };

		if (at < t->n && !tag_parse(t, at, &tag, e))
			return false;
		if (scope != NULL && !tw_buf_add(out, t->text + from, tag.start - from, e))
			return false;
		*end = tag.end;
		if (at == t->n)
			return open == NULL ||
			       tmpl_fail(t, open->start, e, "the list is not closed:", open->name);
		if (tag.kind == '/')
			return (open != NULL && strcmp(open->name, tag.name) == 0) ||
			       tmpl_fail(t, at, e, "no such list is open:", tag.name);
		if (tag.kind == '#' && !list_render(t, &tag, scope, out, end, e))
			return false;
		if (tag.kind == '\0' && scope != NULL && !hole_fill(t, &tag, scope, out, e))
			return false;
		from = *end;
	}
}

/* text_check refuses bytes that an editor of another system leaves in templates. */
static bool
text_check(const struct tmpl *t, struct tw_err *e)
{
	char byte[8];

	if (t->n >= 3 && memcmp(t->text, "\xEF\xBB\xBF", 3) == 0)
		return tmpl_fail(t, 0, e, "a byte order mark:", "EF BB BF");
	for (size_t i = 0; i < t->n; i++) {
		if (!iscntrl((unsigned char)t->text[i]) || t->text[i] == '\n' || t->text[i] == '\t')
			continue;
		snprintf(byte, sizeof(byte), "0x%02x", (unsigned char)t->text[i]);
		return tmpl_fail(t, i, e, "a control byte:", byte);
	}
	return true;
}

bool
tw_tmpl_render(const char *path, const char *text, size_t n, const json_t *data, struct tw_buf *out,
               struct tw_err *e)
{
	struct tmpl t = { path, text, n };
	struct scope scope = { data, NULL };
	size_t end;

	return text_check(&t, e) && span_render(&t, 0, NULL, &scope, out, &end, e);
}

bool
tw_tmpl_has(const char *text, size_t n, const char *key)
{
	struct tmpl t = { "", text, n };
	struct tw_err ignored = TW_ERR_INIT;
	struct tag tag;

	for (size_t at = find(&t, 0, "{{"); at < n; at = find(&t, at + 2, "{{")) {
		if (tag_parse(&t, at, &tag, &ignored) && tag.kind == '\0' &&
		    strcmp(tag.name, key) == 0)
			return true;
	}
	return false;
}
