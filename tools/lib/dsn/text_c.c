/* SPDX-License-Identifier: ISC */
/*
 * text_c.c: the string literals of C and C++, as far as a lexer can tell: comments, directives,
 * character constants and raw strings are skipped, adjacent literals are one text. There is no
 * preprocessor: what stands beside a macro or in an expression is marked as joined.
 */
#include "base/text.h"

#include <string.h>

/* What stood before the next token, as far as a string literal cares. */
enum before { NOTHING, STAR, OTHER, JOINS };

struct scan {
	const struct tw_source *src;
	size_t at, line, line_at;
	bool line_start; /* nothing but blanks and comments yet on this line */
	bool directive;  /* inside #define */
	enum before before;
	bool open; /* s->text holds a literal that more pieces may follow */
	struct tw_text text;
	tw_text_visit *visit;
	void *arg;
	struct tw_err *e;
};

/* look is the byte `ahead` of the next one, 0 after the end. */
static char
look(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->src->n ? s->src->bytes[s->at + ahead] : '\0';
}

static bool
digit_is(char c)
{
	return c >= '0' && c <= '9';
}

/* word_is tells whether a byte can stand in an identifier; any byte of UTF-8 can. */
static bool
word_is(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit_is(c) || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

/* newline goes past the '\n' that is the next byte. */
static void
newline(struct scan *s)
{
	s->at++;
	s->line++;
	s->line_at = s->at;
}

/* splice goes past a backslash and the newline after it, if they are next. */
static bool
splice(struct scan *s)
{
	size_t n = look(s, 1) == '\r' ? 2 : 1;

	if (look(s, 0) != '\\' || look(s, n) != '\n')
		return false;
	s->at += n;
	newline(s);
	return true;
}

/* flush ends the literal that is open, and hands it over. */
static bool
flush(struct scan *s, bool joined)
{
	if (!s->open)
		return true;
	s->open = false;
	s->text.joined = s->text.joined || joined;
	return s->text.broken || s->visit(&s->text, s->arg, s->e);
}

/* comment goes past a comment, if one is next. */
static bool
comment(struct scan *s)
{
	bool line = look(s, 1) == '/';

	if (look(s, 0) != '/' || (!line && look(s, 1) != '*'))
		return false;
	s->at += 2;
	while (s->at < s->src->n) {
		if (line && look(s, 0) == '\n')
			return true;
		if (!line && look(s, 0) == '*' && look(s, 1) == '/') {
			s->at += 2;
			return true;
		}
		if (splice(s))
			continue;
		if (look(s, 0) == '\n')
			newline(s);
		else
			s->at++;
	}
	return true;
}

/* line_skip goes to the end of a directive; comments in it may span lines. */
static void
line_skip(struct scan *s, bool comments)
{
	while (s->at < s->src->n && look(s, 0) != '\n') {
		if (!splice(s) && !(comments && comment(s)))
			s->at++;
	}
}

/* spaces_skip goes past blanks within a line. */
static void
spaces_skip(struct scan *s)
{
	while (look(s, 0) == ' ' || look(s, 0) == '\t' || splice(s))
		s->at += look(s, 0) == ' ' || look(s, 0) == '\t';
}

/* word_skip goes past an identifier and returns its length. */
static size_t
word_skip(struct scan *s)
{
	size_t begin = s->at;

	while (word_is(look(s, 0)))
		s->at++;
	return s->at - begin;
}

/* directive goes past a directive; of #define only up to its replacement text. */
static bool
directive(struct scan *s)
{
	const char *name;
	size_t n;

	/* a literal that is still open goes on, or not, as the preprocessor decides */
	s->before = s->open ? JOINS : s->before;
	if (!flush(s, true))
		return false;
	s->at++;
	spaces_skip(s);
	name = s->src->bytes + s->at;
	n = word_skip(s);
	if (n != 6 || memcmp(name, "define", 6) != 0) {
		/* a header's name is no string, and "//" in it no comment */
		line_skip(s, n < 6 || memcmp(name, "includ", 6) != 0);
		return true;
	}
	spaces_skip(s);
	word_skip(s);
	if (look(s, 0) == '(') {
		while (s->at < s->src->n && look(s, 0) != ')' && look(s, 0) != '\n') {
			if (!splice(s))
				s->at++;
		}
		s->at += look(s, 0) == ')';
	}
	s->directive = true;
	s->before = NOTHING;
	return true;
}

/* number_digits reads up to `max` digits of a base into *code; *n is how many there were. */
static uint32_t
number_digits(struct scan *s, uint32_t base, size_t max, size_t *n)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t code = 0;

	for (*n = 0; *n < max; s->at++, ++*n) {
		char c = look(s, 0);
		const char *d = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

		if (c == '\0' || d == NULL || (uint32_t)(d - digits) >= base)
			break;
		code = code < 0x1000000 ? code * base + (uint32_t)(d - digits) : code;
	}
	return code;
}

/* escape reads one escape; the backslash is the next byte. One not understood breaks the text. */
static bool
escape(struct scan *s)
{
	static const char names[] = "\"\\'?abfnrtve", means[] = "\"\\'?\a\b\f\n\r\t\v\033";
	size_t begin = s->at++, n = 0, want = look(s, 0) == 'u' ? 4 : 8;
	char c = look(s, 0);
	const char *name = c != '\0' ? strchr(names, c) : NULL;
	uint32_t code = 0;

	if (digit_is(c)) {
		code = number_digits(s, 8, 3, &n);
		s->text.broken = s->text.broken || n == 0 || code > 255;
		return tw_text_add(&s->text, code, begin, s->at, s->e);
	}
	if (c != '\n' && c != '\0')
		s->at++;
	if (name != NULL)
		return tw_text_add(&s->text, (unsigned char)means[name - names], begin, s->at,
		                   s->e);
	if (c == 'x') {
		code = number_digits(s, 16, SIZE_MAX, &n);
		s->text.broken = s->text.broken || n == 0 || code > 255;
		return tw_text_add(&s->text, code, begin, s->at, s->e);
	}
	if (c == 'u' || c == 'U')
		code = number_digits(s, 16, want, &n);
	if (n != want || code > 0x10ffff) {
		s->text.broken = true;
		return true;
	}
	return tw_text_add_utf8(&s->text, code, begin, s->at, s->e);
}

/* literal reads a string literal; its opening quote is the next byte. */
static bool
literal(struct scan *s)
{
	if (!s->open) {
		struct tw_place at = { s->at, s->line, s->at - s->line_at + 1 };

		tw_text_start(&s->text, at);
		s->text.joined = s->before == JOINS;
		s->open = true;
	}
	s->text.last_line = s->line;
	s->at++;
	while (look(s, 0) != '"') {
		if (s->at == s->src->n || look(s, 0) == '\n') {
			s->text.broken = true; /* not C: prose in #if 0, perhaps */
			return true;
		}
		if (splice(s))
			continue;
		if (look(s, 0) == '\\') {
			if (!escape(s))
				return false;
			continue;
		}
		if (!tw_text_add(&s->text, (unsigned char)look(s, 0), s->at, s->at + 1, s->e))
			return false;
		s->at++;
	}
	s->at++;
	return true;
}

/* quoted_skip goes past a character constant or a literal of wide characters. */
static void
quoted_skip(struct scan *s)
{
	char quote = look(s, 0);

	s->at++;
	while (s->at < s->src->n && look(s, 0) != quote && look(s, 0) != '\n') {
		if (splice(s))
			continue;
		s->at += look(s, 0) == '\\' && look(s, 1) != '\0' ? 2 : 1;
	}
	s->at += look(s, 0) == quote;
}

/* raw_skip goes past R"delimiter( ... )delimiter"; the quote is the next byte. */
static void
raw_skip(struct scan *s)
{
	const char *in = s->src->bytes, *mark = in + s->at + 1;
	size_t n = 0;

	while (n < 17 && s->at + 1 + n < s->src->n && mark[n] != '(')
		n++;
	s->at++;
	for (; s->at < s->src->n; s->at++) {
		if (look(s, 0) == ')' && s->src->n - s->at > n + 1 &&
		    memcmp(in + s->at + 1, mark, n) == 0 && in[s->at + 1 + n] == '"') {
			s->at += n + 2;
			return;
		}
		if (look(s, 0) == '\n') {
			s->line++;
			s->line_at = s->at + 1;
		}
	}
}

/* among tells whether a word of n bytes is in a list such as "|a|b|". */
static bool
among(const char *list, const char *word, size_t n)
{
	for (const char *at = list; (at = strchr(at, '|')) != NULL; at++) {
		if (strncmp(at + 1, word, n) == 0 && at[1 + n] == '|' && n > 0)
			return true;
	}
	return false;
}

/* word reads an identifier, or the prefix of a literal. */
static bool
word(struct scan *s)
{
	const char *name = s->src->bytes + s->at;
	bool suffix = s->open && s->at > 0 && name[-1] == '"';
	size_t n = word_skip(s);
	bool unknown = true;

	if (look(s, 0) == '"' && among("|R|LR|uR|UR|u8R|", name, n))
		raw_skip(s);
	else if (look(s, 0) == '"' && among("|L|u|U|", name, n))
		quoted_skip(s);
	else if (look(s, 0) == '"' && among("|u8|", name, n))
		return true;
	else if (suffix && among("|s|sv|", name, n)) /* std::string, std::string_view */
		return flush(s, false);
	else
		unknown = !among("|return|else|throw|do|case|sizeof|co_return|co_yield|", name, n);
	s->before = unknown ? JOINS : OTHER;
	return flush(s, true);
}

/* number goes past a number; C++ has 1'000 there, which is no character constant. */
static bool
number(struct scan *s)
{
	while (word_is(look(s, 0)) || look(s, 0) == '.' ||
	       (look(s, 0) == '\'' && word_is(look(s, 1))))
		s->at++;
	s->before = OTHER;
	return flush(s, false);
}

/*
 * punctuation goes past one byte of it. Beside '+', "<<" and macro calls a literal is only a part
 * of a text; the ')' of a cast to a pointer is told from a macro's by the '*' before it.
 */
static bool
punctuation(struct scan *s)
{
	char c = look(s, 0);
	bool joins = c == '+' || (c == '<' && look(s, 1) == '<') || c == '#';

	if (c == '<' && look(s, 1) == '<')
		s->at++;
	s->at++;
	if (joins || (c == ')' && s->before != STAR))
		s->before = JOINS;
	else
		s->before = c == '*' ? STAR : OTHER;
	return flush(s, joins);
}

/* token reads one token, blank or comment. */
static bool
token(struct scan *s)
{
	char c = look(s, 0);

	if (c == '\n') {
		bool ends = s->directive;

		newline(s);
		s->line_start = true;
		s->directive = false;
		if (ends)
			s->before = NOTHING;
		return !ends || flush(s, false);
	}
	if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
		s->at++;
		return true;
	}
	if (splice(s) || comment(s))
		return true;
	if (c == '#' && s->line_start && !s->directive)
		return directive(s);
	s->line_start = false;
	if (c == '"')
		return literal(s);
	if (c == '\'') {
		quoted_skip(s);
		s->before = OTHER;
		return flush(s, false);
	}
	if (digit_is(c) || (c == '.' && digit_is(look(s, 1))))
		return number(s);
	return word_is(c) ? word(s) : punctuation(s);
}

bool
tw_text_c(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	struct scan s = {
		.src = src, .line = 1, .line_start = true, .visit = visit, .arg = arg, .e = e
	};
	bool ok = true;

	if (src->n >= 3 && memcmp(src->bytes, "\xef\xbb\xbf", 3) == 0)
		s.at = s.line_at = 3; /* a byte order mark */
	while (ok && s.at < src->n)
		ok = token(&s);
	ok = ok && flush(&s, false);
	tw_text_free(&s.text);
	return ok;
}
