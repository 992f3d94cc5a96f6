/* SPDX-License-Identifier: ISC */
/* text_scan.c: a cursor over a file, and the strings that most grammars have. */
#include "text_scan.h"

#include <ctype.h>
#include <string.h>

struct tw_cursor
tw_cursor_start(const struct tw_source *src)
{
	bool mark = src->n >= 3 && memcmp(src->bytes, "\xef\xbb\xbf", 3) == 0;

	return (struct tw_cursor){ src, mark ? 3 : 0, 1, mark ? 3 : 0 };
}

char
tw_peek(const struct tw_cursor *c, size_t ahead)
{
	return ahead < c->src->n - c->at ? c->src->bytes[c->at + ahead] : '\0';
}

bool
tw_peek_is(const struct tw_cursor *c, const char *word)
{
	size_t n;

	if (tw_peek(c, 0) != *word) /* nearly always, and this is asked at nearly every byte */
		return false;
	n = strlen(word);
	return n <= c->src->n - c->at && memcmp(c->src->bytes + c->at, word, n) == 0;
}

void
tw_step(struct tw_cursor *c, size_t n)
{
	for (; n > 0 && c->at < c->src->n; n--) {
		if (c->src->bytes[c->at++] == '\n') {
			c->line++;
			c->line_at = c->at;
		}
	}
}

void
tw_line_skip(struct tw_cursor *c)
{
	while (c->at < c->src->n && tw_peek(c, 0) != '\n')
		c->at++;
}

struct tw_place
tw_place_of(const struct tw_cursor *c)
{
	return (struct tw_place){ c->at, c->line, c->at - c->line_at + 1 };
}

bool
tw_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool
tw_text_take(struct tw_cursor *c, struct tw_text *t, struct tw_err *e)
{
	bool ok = tw_text_add(t, (unsigned char)tw_peek(c, 0), c->at, c->at + 1, e);

	tw_step(c, 1);
	return ok;
}

bool
tw_text_nested(struct tw_cursor *c, char open, char close, struct tw_text *t, struct tw_err *e)
{
	size_t depth = 0;
	bool ok = true;

	while (ok && c->at < c->src->n) {
		char next = tw_peek(c, 0);

		depth += next == open;
		ok = tw_text_take(c, t, e);
		if (next == close && --depth == 0)
			break;
	}
	return ok;
}

/* digits reads `max` hexadecimal digits at most; returns how many there were. */
static size_t
digits(struct tw_cursor *c, size_t max, uint32_t *code)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (*code = 0; n < max && isxdigit((unsigned char)tw_peek(c, 0)); n++, c->at++)
		*code = *code << 4 |
		        (uint32_t)(strchr(hex, tolower((unsigned char)tw_peek(c, 0))) - hex);
	return n;
}

/* escape_code adds a character that is written as a number: \x41 \u0041 \u{41} \U00000041. */
static bool
escape_code(struct tw_cursor *c, size_t begin, struct tw_text *t, struct tw_err *e)
{
	char kind = tw_peek(c, 0);
	bool braces = kind == 'u' && tw_peek(c, 1) == '{';
	size_t want = kind == 'x' ? 2 : kind == 'u' ? 4 : 8, n;
	uint32_t code;

	c->at += 1 + braces;
	n = digits(c, braces ? 6 : want, &code);
	if (braces ? n == 0 || tw_peek(c, 0) != '}' : n != want) {
		t->broken = true;
		return true;
	}
	c->at += braces;
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd; /* half of a pair: none that a DSN holds */
	return tw_text_add_utf8(t, code, begin, c->at, e);
}

/* escape_c adds what a backslash sequence means; a newline after the backslash is nothing. */
static bool
escape_c(struct tw_cursor *c, struct tw_text *t, struct tw_err *e)
{
	static const char names[] = "\"\\'/`$ abfnrtve", means[] = "\"\\'/`$ \a\b\f\n\r\t\v\033";
	size_t begin = c->at++;
	char next = tw_peek(c, 0);
	const char *name = next != '\0' ? strchr(names, next) : NULL;
	uint32_t code = 0;

	if (next == '\n' || (next == '\r' && tw_peek(c, 1) == '\n')) {
		tw_step(c, next == '\r' ? 2 : 1);
		return true;
	}
	if (name != NULL) {
		c->at++;
		return tw_text_add(t, (unsigned char)means[name - names], begin, c->at, e);
	}
	if (next >= '0' && next <= '7') {
		for (int i = 0; i < 3 && tw_peek(c, 0) >= '0' && tw_peek(c, 0) <= '7'; i++)
			code = code * 8 + (uint32_t)(c->src->bytes[c->at++] - '0');
		return tw_text_add_utf8(t, code, begin, c->at, e);
	}
	if (next == 'x' || next == 'u' || next == 'U')
		return escape_code(c, begin, t, e);
	t->broken = true; /* languages differ in what it means */
	return true;
}

/* escape adds an escape of a string, if one comes next; *any tells. */
static bool
escape(struct tw_cursor *c, const struct tw_quote *q, struct tw_text *t, bool *any,
       struct tw_err *e)
{
	char next = tw_peek(c, 0), second = tw_peek(c, 1);
	size_t begin = c->at;

	*any = true;
	if (q->escape == TW_ESCAPE_C && next == '\\')
		return escape_c(c, t, e);
	if (q->escape == TW_ESCAPE_SHELL && next == '\\' && second == '\n') {
		tw_step(c, 2);
		return true;
	}
	if ((q->escape == TW_ESCAPE_SHELL && next == '\\' && second != '\0' &&
	     strchr("$`\"\\", second) != NULL) ||
	    (q->escape == TW_ESCAPE_DOUBLED && next == *q->close && second == next)) {
		tw_step(c, 2);
		return tw_text_add(t, (unsigned char)second, begin, c->at, e);
	}
	*any = false;
	return true;
}

bool
tw_text_quoted(struct tw_cursor *c, const struct tw_quote *q, struct tw_text *t, struct tw_err *e)
{
	bool any, ok = true;

	t->last_line = c->line;
	tw_step(c, strlen(q->open));
	while (ok) {
		if (c->at == c->src->n || (!q->lines && tw_peek(c, 0) == '\n')) {
			t->broken = true;
			return true;
		}
		ok = escape(c, q, t, &any, e);
		if (!ok || any)
			continue;
		if (tw_peek_is(c, q->close))
			break;
		if (tw_peek_is(c, "${"))
			ok = tw_text_take(c, t, e) && tw_text_nested(c, '{', '}', t, e);
		else if (q->escape == TW_ESCAPE_SHELL && tw_peek_is(c, "$("))
			ok = tw_text_take(c, t, e) && tw_text_nested(c, '(', ')', t, e);
		else
			ok = tw_text_take(c, t, e);
	}
	tw_step(c, strlen(q->close));
	return ok;
}

void
tw_text_trim(struct tw_text *t)
{
	while (t->bytes.len > 0 && strchr(" \t\r\n", t->bytes.data[t->bytes.len - 1]) != NULL)
		t->bytes.data[--t->bytes.len] = '\0';
}

bool
tw_text_hand(struct tw_text *t, const struct tw_sink *sink)
{
	return t->broken || t->bytes.len == 0 || sink->visit(t, sink->arg, sink->e);
}
