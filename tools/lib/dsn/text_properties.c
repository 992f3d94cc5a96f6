/* SPDX-License-Identifier: ISC */
/* text_properties.c: the values of Java properties, with their escapes and continued lines. */
#include "text_scan.h"

#include <ctype.h>
#include <string.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\r';
}

/* blanks_skip goes past blanks within a line. */
static void
blanks_skip(struct tw_cursor *c)
{
	while (blank(tw_peek(c, 0)))
		c->at++;
}

/* continued goes past a backslash, the newline after it and the next line's indentation. */
static bool
continued(struct tw_cursor *c)
{
	size_t n = tw_peek(c, 1) == '\r' ? 2 : 1;

	if (tw_peek(c, 0) != '\\' || tw_peek(c, n) != '\n')
		return false;
	tw_step(c, n + 1);
	blanks_skip(c);
	return true;
}

/* key_skip goes past a key and its sign; *key_end is where the key ends. */
static void
key_skip(struct tw_cursor *c, size_t *key_end)
{
	while (c->at < c->src->n && !blank(tw_peek(c, 0)) &&
	       strchr("=:\n", tw_peek(c, 0)) == NULL) {
		if (!continued(c))
			tw_step(c, tw_peek(c, 0) == '\\' ? 2 : 1);
	}
	*key_end = c->at;
	blanks_skip(c);
	if (tw_peek(c, 0) == '=' || tw_peek(c, 0) == ':')
		c->at++;
	blanks_skip(c);
}

/* unicode adds \uXXXX; the backslash comes next. */
static bool
unicode(struct tw_cursor *c, struct tw_text *t, struct tw_err *e)
{
	uint32_t code = 0;

	for (size_t i = 2; i < 6; i++) {
		char d = (char)tolower((unsigned char)tw_peek(c, i));

		t->broken = t->broken || !isxdigit((unsigned char)d);
		code = code << 4 | (uint32_t)(d <= '9' ? d - '0' : d - 'a' + 10);
	}
	if (t->broken) {
		tw_step(c, 2);
		return true;
	}
	if (code >= 0xd800 && code < 0xe000)
		code = 0xfffd; /* half of a pair: none that a DSN holds */
	tw_step(c, 6);
	return tw_text_add_utf8(t, code, c->at - 6, c->at, e);
}

/* value reads up to the end of a logical line. */
static bool
value(struct tw_cursor *c, struct tw_text *t, struct tw_err *e)
{
	static const char names[] = "tnrf", means[] = "\t\n\r\f";
	bool ok = true;

	while (ok && c->at < c->src->n && tw_peek(c, 0) != '\n') {
		char next = tw_peek(c, 1);
		const char *name = next != '\0' ? strchr(names, next) : NULL;

		t->last_line = c->line;
		if (continued(c))
			continue;
		if (tw_peek(c, 0) != '\\' || next == '\0') {
			ok = tw_text_take(c, t, e);
		} else if (next == 'u') {
			ok = unicode(c, t, e);
		} else {
			ok = tw_text_add(t, (unsigned char)(name ? means[name - names] : next),
			                 c->at, c->at + 2, e);
			tw_step(c, 2);
		}
	}
	tw_text_trim(t);
	return ok;
}

bool
tw_text_properties(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	struct tw_cursor c = tw_cursor_start(src);
	struct tw_sink sink = { visit, arg, e };
	struct tw_text text = { .joined = false };
	struct tw_buf key = TW_BUF_INIT;
	bool ok = true;

	for (; ok && c.at < src->n; tw_step(&c, 1)) {
		size_t begin, end;

		blanks_skip(&c);
		if (tw_peek(&c, 0) == '#' || tw_peek(&c, 0) == '!') {
			tw_line_skip(&c);
			continue;
		}
		begin = c.at;
		key_skip(&c, &end);
		tw_text_start(&text, tw_place_of(&c));
		text.bare = true;
		tw_buf_free(&key);
		ok = tw_buf_puts(&key, "/", e) &&
		     tw_buf_add(&key, src->bytes + begin, end - begin, e);
		text.key = tw_buf_text(&key);
		ok = ok && value(&c, &text, e) && tw_text_hand(&text, &sink);
	}
	tw_text_free(&text);
	tw_buf_free(&key);
	return ok;
}
