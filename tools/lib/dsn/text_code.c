/* SPDX-License-Identifier: ISC */
/*
 * text_code.c: the string literals of languages whose comments and strings a
 * struct tw_language describes, and the numbers that have names there. Beside '+' a literal is only
 * a part of a text, and marked as joined; of a name whose value is an expression, the value is a
 * marker. C has its own file for its literals: its preprocessor is no such language.
 */
#include "text_code.h"

#include <string.h>

struct scan {
	struct tw_cursor c;
	const struct tw_language *l;
	struct tw_text text;
	bool open;    /* text holds a literal that more pieces may follow */
	bool named;   /* the literal, which may be a number, is the value of the key of `names` */
	bool alone;   /* ... and must be the only argument of a call */
	bool number;  /* it is no string */
	bool joins;   /* the token before is '+' */
	bool value;   /* the token before is, or ends, a value */
	bool newline; /* a line ended after it */
	size_t depth; /* of brackets */
	struct tw_names names;
	struct tw_sink sink;
};

/* expression hands over the value of a name that is not written here, as the marker {word}. */
static bool
expression(struct scan *s, struct tw_place at, size_t end)
{
	const char *word = s->c.src->bytes + at.offset;
	size_t n = 0;
	bool ok;

	while (n < end - at.offset && (tw_word_byte(word[n]) && (unsigned char)word[n] < 0x80))
		n++;
	if (n == 0 || (word[0] >= '0' && word[0] <= '9')) {
		word = "expression";
		n = strlen(word);
	}
	tw_text_start(&s->text, at);
	s->text.key = tw_buf_text(&s->names.key);
	s->text.claim = s->names.claim;
	ok = tw_text_add(&s->text, '{', at.offset, end, s->sink.e);
	for (size_t i = 0; ok && i < n; i++)
		ok = tw_text_add(&s->text, (unsigned char)word[i], at.offset, end, s->sink.e);
	return ok && tw_text_add(&s->text, '}', at.offset, end, s->sink.e) &&
	       tw_text_hand(&s->text, &s->sink);
}

/* flush hands over the literal that is open; `whole`: nothing of its expression follows. */
static bool
flush(struct scan *s, bool joined, bool whole)
{
	struct tw_place at = s->text.at;
	bool named = s->named;

	if (!s->open)
		return true;
	s->open = false;
	s->named = false;
	s->text.joined = s->text.joined || joined;
	whole = whole && !s->text.joined && !s->text.broken;
	if (named && whole) {
		s->text.key = tw_buf_text(&s->names.key);
		s->text.claim = s->names.claim;
	}
	if (!(s->number && !(named && whole)) && !tw_text_hand(&s->text, &s->sink))
		return false;
	return !named || whole || expression(s, at, at.offset + 1);
}

/* ends tells whether a token shows that the literal before it is the whole of its expression. */
static bool
ends(const struct scan *s, const struct tw_names_token *t)
{
	static const char *const go_on[] = { "if",  "else", "or",  "and", "in",         "is",
		                             "not", "as",   "for", "to",  "instanceof", NULL };
	const char *word = s->c.src->bytes + t->at.offset;

	if (s->alone)
		return t->type == ')';
	if (strchr("ws@", t->type) == NULL)
		return strchr(",;)]}", t->type) != NULL;
	for (size_t i = 0; t->type == 'w' && go_on[i] != NULL; i++) {
		if (strlen(go_on[i]) == t->end - t->at.offset &&
		    memcmp(word, go_on[i], t->end - t->at.offset) == 0)
			return false;
	}
	return s->newline && !(s->l->adjacent && s->depth > 0);
}

/*
 * named_take takes a token into account before it is dealt with: it ends the literal before it, and
 * may be, or begin, the value of a name; *value tells that it is one, if it is a literal.
 */
static bool
named_take(struct scan *s, const struct tw_names_token *t, bool *value)
{
	struct tw_names_token given;
	bool wanted = s->names.wanted, literal = t->type == 's' || t->type == '0';
	bool bracket = t->type == '{' || t->type == '[';
	struct tw_names_token seen = *t;

	if (!flush(s, t->type == '+', ends(s, t)))
		return false;
	s->newline = false;
	s->alone = s->names.alone;
	*value = wanted && literal;
	if (s->l->names == NULL)
		return true;
	if (wanted && !literal && !bracket && !expression(s, t->at, t->end))
		return false;
	seen.type = t->type == '0' ? 'w' : t->type;
	if (!tw_names_token(&s->names, &seen, &given, s->sink.e))
		return false;
	return given.type == '\0' || expression(s, given.at, given.end);
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
	struct tw_names_token t = { 's', at, at.offset };
	bool piece = s->l->adjacent && s->open && !s->number;
	struct tw_quote own = *q;
	bool named = s->named, ok;

	if (raw)
		own.escape = TW_ESCAPE_NONE;
	if (!piece) {
		if (!named_take(s, &t, &named))
			return false;
		tw_text_start(&s->text, at);
		s->text.joined = s->joins;
	}
	s->open = true;
	s->number = false;
	s->named = named;
	s->joins = false;
	s->value = true;
	ok = tw_text_quoted(&s->c, &own, &s->text, s->sink.e);
	s->names.last[0].end = piece ? at.offset : s->c.at; /* of several pieces it is no name */
	return ok;
}

/* made_of tells whether a word has these bytes only. */
static bool
made_of(const char *word, size_t n, const char *bytes)
{
	while (n > 0 && memchr(bytes, word[n - 1], strlen(bytes)) != NULL)
		n--;
	return n == 0;
}

/* number has the digits of a word be a text. */
static bool
number(struct scan *s, const struct tw_names_token *t)
{
	bool ok = true;

	tw_text_start(&s->text, t->at);
	s->text.bare = true;
	s->open = true;
	s->number = true;
	s->named = true;
	for (size_t i = t->at.offset; ok && i < t->end; i++)
		ok = tw_text_add(&s->text, (unsigned char)s->c.src->bytes[i], i, i + 1, s->sink.e);
	return ok;
}

/* word goes past an identifier or a number, or reads the literal that it is the prefix of. */
static bool
word(struct scan *s)
{
	static const char *const operators[] = { "return", "typeof", "case", "in", "of", "throw" };
	const char *name = s->c.src->bytes + s->c.at;
	struct tw_names_token t = { .at = tw_place_of(&s->c) };
	const struct tw_quote *q;
	bool named;
	size_t n;

	while (tw_word_byte(tw_peek(&s->c, 0)))
		s->c.at++;
	t.end = s->c.at;
	n = t.end - t.at.offset;
	q = s->l->adjacent ? quote_of(s) : NULL;
	if (q != NULL && n <= 2 && made_of(name, n, "rRbBfFuU"))
		return literal(s, q, t.at, memchr(name, 'r', n) || memchr(name, 'R', n));
	s->joins = false;
	s->value = true;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strlen(operators[i]) == n && memcmp(operators[i], name, n) == 0)
			s->value = false;
	}
	t.type = made_of(name, n, "0123456789") ? '0' : 'w';
	return named_take(s, &t, &named) && (!named || number(s, &t));
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
	struct tw_names_token t = { tw_peek(&s->c, 0), tw_place_of(&s->c), s->c.at + 1 };
	bool named;

	tw_step(&s->c, 1);
	if (!named_take(s, &t, &named))
		return false;
	if (strchr("([{", t.type) != NULL)
		s->depth++;
	s->value = strchr(")]}", t.type) != NULL;
	if (s->value && s->depth > 0)
		s->depth--;
	s->joins = t.type == '+';
	return true;
}

/* token reads one token, blank or comment. */
static bool
token(struct scan *s)
{
	const struct tw_quote *q;
	char c = tw_peek(&s->c, 0);

	if (c == '\n') {
		tw_step(&s->c, 1);
		s->newline = true;
		return !s->l->adjacent || s->depth > 0 || flush(s, false, true);
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

bool
tw_text_code(const struct tw_language *l, const struct tw_source *src, tw_text_visit *visit,
             void *arg, struct tw_err *e)
{
	struct scan s = { .c = tw_cursor_start(src), .l = l, .sink = { visit, arg, e } };
	bool ok = true;

	if (l->names != NULL)
		tw_names_start(&s.names, src, l->names);
	while (ok && s.c.at < src->n)
		ok = token(&s);
	ok = ok && flush(&s, false, true);
	tw_names_free(&s.names);
	tw_text_free(&s.text);
	return ok;
}
