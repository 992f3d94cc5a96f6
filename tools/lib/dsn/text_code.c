/* SPDX-License-Identifier: ISC */
/*
 * text_code.c: the string literals of languages whose comments and strings a row of a table
 * describes. Beside '+' a literal is only a part of a text, and marked as joined. C has its own
 * file: its preprocessor is no such language.
 */
#include "text_scan.h"

#include <string.h>

enum { PYTHON, GO, JS, JAVA, TOML };

struct language {
	const char *comment;
	bool block;    /* slash and star */
	bool adjacent; /* literals side by side are one; an r before a quote makes it raw */
	bool regex;    /* a slash where a value may stand begins a regular expression */
	struct tw_quote quote[4];
};

static const struct language languages[] = {
	[PYTHON] = { "#",
	             false,
	             true,
	             false,
	             { { "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
	               { "'''", "'''", TW_ESCAPE_C, true },
	               { "\"", "\"", TW_ESCAPE_C, false },
	               { "'", "'", TW_ESCAPE_C, false } } },
	[GO] = { "//",
	         true,
	         false,
	         false,
	         { { "\"", "\"", TW_ESCAPE_C, false },
	           { "`", "`", TW_ESCAPE_NONE, true },
	           { "'", "'", TW_ESCAPE_C, false } } },
	[JS] = { "//",
	         true,
	         false,
	         true,
	         { { "\"", "\"", TW_ESCAPE_C, false },
	           { "'", "'", TW_ESCAPE_C, false },
	           { "`", "`", TW_ESCAPE_C, true } } },
	[JAVA] = { "//",
	           true,
	           false,
	           false,
	           { { "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
	             { "\"", "\"", TW_ESCAPE_C, false },
	             { "'", "'", TW_ESCAPE_C, false } } },
	[TOML] = { "#",
	           false,
	           false,
	           false,
	           { { "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
	             { "'''", "'''", TW_ESCAPE_NONE, true },
	             { "\"", "\"", TW_ESCAPE_C, false },
	             { "'", "'", TW_ESCAPE_NONE, false } } },
};

struct scan {
	struct tw_cursor c;
	const struct language *l;
	struct tw_text text;
	bool open;    /* text holds a literal that more pieces may follow */
	bool joins;   /* the token before is '+' */
	bool value;   /* the token before is, or ends, a value */
	size_t depth; /* of brackets */
	struct tw_sink sink;
};

/* flush hands over the literal that is open. */
static bool
flush(struct scan *s, bool joined)
{
	if (!s->open)
		return true;
	s->open = false;
	s->text.joined = s->text.joined || joined;
	return tw_text_hand(&s->text, &s->sink);
}

/* comment goes past a comment, if one comes next. */
static bool
comment(struct scan *s)
{
	if (tw_peek_is(&s->c, s->l->comment)) {
		tw_line_skip(&s->c);
		return true;
	}
	if (!s->l->block || !tw_peek_is(&s->c, "/*"))
		return false;
	tw_step(&s->c, 2);
	while (s->c.at < s->c.src->n && !tw_peek_is(&s->c, "*/"))
		tw_step(&s->c, 1);
	tw_step(&s->c, 2);
	return true;
}

/* quote_of is the kind of string that comes next, or NULL. */
static const struct tw_quote *
quote_of(const struct scan *s)
{
	for (size_t i = 0; i < 4 && s->l->quote[i].open != NULL; i++) {
		if (tw_peek_is(&s->c, s->l->quote[i].open))
			return &s->l->quote[i];
	}
	return NULL;
}

/* literal reads a string, as a piece of the one before where the language joins them. */
static bool
literal(struct scan *s, const struct tw_quote *q, struct tw_place at, bool raw)
{
	struct tw_quote own = *q;

	if (raw)
		own.escape = TW_ESCAPE_NONE;
	if (!s->l->adjacent && !flush(s, false))
		return false;
	if (!s->open)
		tw_text_start(&s->text, at);
	s->text.joined = s->text.joined || (!s->open && s->joins);
	s->open = true;
	s->joins = false;
	s->value = true;
	return tw_text_quoted(&s->c, &own, &s->text, s->sink.e);
}

/* word goes past an identifier or a number, or reads the literal that it is the prefix of. */
static bool
word(struct scan *s)
{
	static const char *const operators[] = { "return", "typeof", "case", "in", "of", "throw" };
	struct tw_place at = tw_place_of(&s->c);
	const char *name = s->c.src->bytes + s->c.at;
	const struct tw_quote *q;
	size_t n;

	while (tw_word_byte(tw_peek(&s->c, 0)))
		s->c.at++;
	n = s->c.at - at.offset;
	q = s->l->adjacent ? quote_of(s) : NULL;
	if (q != NULL && n <= 2 && strspn(name, "rRbBfFuU") >= n)
		return literal(s, q, at, memchr(name, 'r', n) || memchr(name, 'R', n));
	s->joins = false;
	s->value = true;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strlen(operators[i]) == n && memcmp(operators[i], name, n) == 0)
			s->value = false;
	}
	return flush(s, false);
}

/* regex goes past a regular expression if one begins with the '/' that comes next. */
static bool
regex(struct scan *s)
{
	size_t n = 1;
	bool set = false;
	char c;

	if (!s->l->regex || s->value || tw_peek(&s->c, 0) != '/')
		return false;
	for (; (c = tw_peek(&s->c, n)) != '/' || set; n++) {
		if (c == '\0' || c == '\n')
			return false;
		n += c == '\\';
		set = c == '[' || (set && c != ']');
	}
	tw_step(&s->c, n + 1);
	s->value = true;
	return true;
}

/* punctuation goes past one byte of it. */
static bool
punctuation(struct scan *s)
{
	char c = tw_peek(&s->c, 0);

	tw_step(&s->c, 1);
	if (strchr("([{", c) != NULL)
		s->depth++;
	s->value = strchr(")]}", c) != NULL;
	if (s->value && s->depth > 0)
		s->depth--;
	s->joins = c == '+';
	return flush(s, c == '+');
}

/* token reads one token, blank or comment. */
static bool
token(struct scan *s)
{
	const struct tw_quote *q;
	char c = tw_peek(&s->c, 0);

	if (c == '\n') {
		tw_step(&s->c, 1);
		return !s->l->adjacent || s->depth > 0 || flush(s, false);
	}
	if (c == '\\' && tw_peek(&s->c, 1) == '\n') { /* Python goes on with the line */
		tw_step(&s->c, 2);
		return true;
	}
	if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		tw_step(&s->c, 1);
		return true;
	}
	if (comment(s) || regex(s))
		return true;
	q = quote_of(s);
	if (q != NULL)
		return literal(s, q, tw_place_of(&s->c), false);
	return tw_word_byte(c) ? word(s) : punctuation(s);
}

/* code scans a file of a language. */
static bool
code(const struct language *l, const struct tw_source *src, tw_text_visit *visit, void *arg,
     struct tw_err *e)
{
	struct scan s = { .c = tw_cursor_start(src), .l = l, .sink = { visit, arg, e } };
	bool ok = true;

	while (ok && s.c.at < src->n)
		ok = token(&s);
	ok = ok && flush(&s, false);
	tw_text_free(&s.text);
	return ok;
}

bool
tw_text_python(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return code(&languages[PYTHON], src, visit, arg, e);
}

bool
tw_text_go(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return code(&languages[GO], src, visit, arg, e);
}

bool
tw_text_js(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return code(&languages[JS], src, visit, arg, e);
}

bool
tw_text_java(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return code(&languages[JAVA], src, visit, arg, e);
}

bool
tw_text_toml(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return code(&languages[TOML], src, visit, arg, e);
}
