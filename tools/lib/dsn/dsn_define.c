/* SPDX-License-Identifier: ISC */
/*
 * dsn_define.c: a port of C that has a name, such as `#define PORT 5432` or `port = "5432"`, and
 * becomes a part of a connection in the same file: it follows a literal that ends with "port=", is
 * an argument beside one with "port=%d", or one of PQsetdbLogin. There is no preprocessor.
 */
#include "dsn_setting.h"
#include "text_scan.h"

#include <stdlib.h>
#include <string.h>

/* A file with more names of numbers than this has no port among them that we could tell. */
#define NAMES_MAX 256
#define DEPTH_NONE ((size_t)-1)

/* A name that stands for a number. */
struct port {
	const char *name;
	size_t n;
	struct tw_place at;
	struct tw_raw raw[5]; /* its digits */
	size_t digits;
	bool twice; /* it is given a value more than once */
	bool flows;
};

enum type { END, WORD, NUMBER, STRING, OTHER };

/* One token; `text` is a literal's innards. */
struct token {
	enum type type;
	const char *text;
	size_t n;
	struct tw_place at;
	bool line_start; /* first on its line */
};

struct scan {
	struct tw_cursor c;
	bool line_start;
	struct port port[NAMES_MAX];
	size_t ports;
	size_t depth,
	    wanted; /* of parentheses; that of a call whose arguments count, or DEPTH_NONE */
};

/* blank_skip goes past one blank, comment or spliced newline, if one comes next. */
static bool
blank_skip(struct scan *s)
{
	char c = tw_peek(&s->c, 0);

	if (c == '\n') {
		s->line_start = true;
		tw_step(&s->c, 1);
	} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
		tw_step(&s->c, 1);
	} else if (c == '\\' && tw_peek(&s->c, tw_peek(&s->c, 1) == '\r' ? 2 : 1) == '\n') {
		tw_step(&s->c, tw_peek(&s->c, 1) == '\r' ? 3 : 2);
	} else if (tw_peek_is(&s->c, "//")) {
		tw_line_skip(&s->c);
	} else if (tw_peek_is(&s->c, "/*")) {
		tw_step(&s->c, 2);
		while (s->c.at < s->c.src->n && !tw_peek_is(&s->c, "*/"))
			tw_step(&s->c, 1);
		tw_step(&s->c, 2);
	} else {
		return false;
	}
	return true;
}

/* quoted goes past a literal or a character constant; false where it does not end on its line. */
static bool
quoted(struct scan *s, struct token *t)
{
	char quote = tw_peek(&s->c, 0);

	tw_step(&s->c, 1);
	t->text = s->c.src->bytes + s->c.at;
	while (s->c.at < s->c.src->n && tw_peek(&s->c, 0) != quote && tw_peek(&s->c, 0) != '\n')
		tw_step(&s->c, tw_peek(&s->c, 0) == '\\' ? 2 : 1);
	t->n = (size_t)(s->c.src->bytes + s->c.at - t->text);
	if (tw_peek(&s->c, 0) != quote)
		return false;
	tw_step(&s->c, 1);
	t->type = quote == '"' ? STRING : OTHER;
	return true;
}

/* next reads a token. */
static struct token
next(struct scan *s)
{
	struct token t = { .type = OTHER };
	char c;

	while (s->c.at < s->c.src->n && blank_skip(s))
		;
	t.at = tw_place_of(&s->c);
	t.line_start = s->line_start;
	t.text = s->c.src->bytes + s->c.at;
	s->line_start = false;
	c = tw_peek(&s->c, 0);
	if (s->c.at == s->c.src->n) {
		t.type = END;
	} else if (c == '"' || c == '\'') {
		quoted(s, &t);
	} else if (tw_word_byte(c)) {
		while (tw_word_byte(tw_peek(&s->c, 0)))
			tw_step(&s->c, 1);
		t.n = (size_t)(s->c.src->bytes + s->c.at - t.text);
		t.type = c >= '0' && c <= '9' ? NUMBER : WORD;
	} else {
		tw_step(&s->c, 1);
		t.n = 1;
	}
	return t;
}

/* is tells whether a token is a word or a sign. */
static bool
is(const struct token *t, const char *word)
{
	return (t->type == WORD || t->type == OTHER) && strlen(word) == t->n &&
	       memcmp(word, t->text, t->n) == 0;
}

/* port_of is the port of a name, or NULL. */
static struct port *
port_of(struct scan *s, const struct token *t)
{
	for (size_t i = 0; t->type == WORD && i < s->ports; i++) {
		if (s->port[i].n == t->n && *s->port[i].name == *t->text &&
		    memcmp(s->port[i].name, t->text, t->n) == 0)
			return &s->port[i];
	}
	return NULL;
}

/* port_note keeps a name and the number, or literal of one, that it stands for. */
static void
port_note(struct scan *s, const struct token *name, const struct token *value)
{
	size_t at = (size_t)(value->text - s->c.src->bytes);
	struct port *p = port_of(s, name);

	if (p != NULL)
		p->twice = true;
	if (p != NULL || s->ports == NAMES_MAX || value->n == 0 || value->n > 5 ||
	    (value->type != NUMBER && value->type != STRING))
		return;
	for (size_t i = 0; i < value->n; i++) {
		if (value->text[i] < '0' || value->text[i] > '9')
			return;
	}
	p = &s->port[s->ports++];
	*p = (struct port){ .name = name->text, .n = name->n, .at = value->at, .digits = value->n };
	for (size_t i = 0; i < value->n; i++)
		p->raw[i] = (struct tw_raw){ (uint32_t)(at + i), (uint32_t)(at + i + 1) };
}

/* names_read collects what stands for a number: of a #define, and after a name and '='. */
static void
names_read(struct scan *s)
{
	struct token last = { .type = OTHER }, name = { .type = OTHER }, t = next(s);

	for (; t.type != END; last = t, t = next(s)) {
		if (t.line_start && is(&t, "#")) {
			struct token word = next(s), value;

			if (!is(&word, "define"))
				continue;
			name = next(s);
			value = next(s);
			t = next(s);
			/* a line that goes on after a backslash is one */
			if (name.type == WORD && !value.line_start &&
			    (t.line_start || t.type == END))
				port_note(s, &name, &value);
			if (t.type == END)
				return;
			continue;
		}
		if (is(&t, "=") && (last.type == WORD || is(&last, "]"))) {
			struct token value = next(s), end = next(s);

			if (is(&end, ";") || is(&end, ","))
				port_note(s, &name, &value);
			t = end;
			if (t.type == END)
				return;
		} else if (t.type == WORD) {
			name = t;
		}
	}
}

/* begins_at tells whether a word of a literal begins at `at`: at its start, or after "\n" or a
 * sign. */
static bool
begins_at(const struct token *t, size_t at)
{
	return at == 0 || !tw_word_byte(t->text[at - 1]) || (at > 1 && t->text[at - 2] == '\\');
}

/* ends_with tells whether a literal ends with a word, and not with another that ends so. */
static bool
ends_with(const struct token *t, const char *word)
{
	size_t n = strlen(word);

	return t->type == STRING && t->n >= n && memcmp(t->text + t->n - n, word, n) == 0 &&
	       begins_at(t, t->n - n);
}

/* format_is tells whether a literal has "port=%", and not at the end of another word. */
static bool
format_is(const struct token *t)
{
	const char *at = t->type == STRING ? memmem(t->text, t->n, "port=%", 6) : NULL;

	return at != NULL && begins_at(t, (size_t)(at - t->text));
}

/* flows_read marks the names that become a part of a connection. */
static void
flows_read(struct scan *s)
{
	struct token last = { .type = OTHER }, t = next(s);

	for (; t.type != END; last = t, t = next(s)) {
		struct port *p = port_of(s, &t);

		if (is(&t, "("))
			s->depth++;
		if (is(&t, ")") && s->depth > 0 && s->depth-- == s->wanted)
			s->wanted = DEPTH_NONE;
		if (is(&t, ";") || is(&t, "{")) {
			s->depth = 0;
			s->wanted = DEPTH_NONE;
		}
		if (is(&t, "PQsetdbLogin") || is(&t, "PQsetdb"))
			s->wanted = s->depth + 1;
		if (format_is(&t) && s->depth > 0)
			s->wanted = s->depth;
		if (p != NULL && (ends_with(&last, "port=") || ends_with(&last, "port='") ||
		                  (s->wanted != DEPTH_NONE && s->depth >= s->wanted)))
			p->flows = true;
	}
}

/* port_keep adds a port to the list of DSNs. */
static bool
port_keep(const struct port *p, const char *bytes, struct tw_dsn_list *list, struct tw_err *e)
{
	struct tw_dsn_found as = { .kind = TW_DSN_DEFINE, .sure = true, .dsn.closed = true };
	struct tw_keywords k = { .cap = 0 };
	char digits[6] = "";
	bool ok;

	as.at = p->at;
	as.last_line = p->at.line;
	as.why = p->twice ? "this name gets a value more than once" : NULL;
	memcpy(digits, bytes + p->raw[0].begin, p->digits);
	ok = tw_keywords_add(&k, " ", "port", digits, p->raw, p->digits, e) &&
	     tw_keywords_keep(&k, &as, list, e);
	tw_keywords_free(&k);
	return ok;
}

/* may_flow tells whether a file has what a port could flow into: "port=", 'port=%d, or PQsetdb. */
static bool
may_flow(const struct tw_source *src)
{
	const char *at = src->bytes, *end = src->bytes + src->n;

	while ((at = memmem(at, (size_t)(end - at), "port=", 5)) != NULL) {
		at += 5;
		if (at < end && strchr("\"'%", *at) != NULL)
			return true;
	}
	return memmem(src->bytes, src->n, "PQsetdb", 7) != NULL;
}

bool
tw_define_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e)
{
	bool any = may_flow(src);
	struct scan *s = any ? calloc(1, sizeof(*s)) : NULL;
	bool ok = true;

	if (!any)
		return true;
	if (s == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	s->c = tw_cursor_start(src);
	s->line_start = true;
	names_read(s);
	s->c = tw_cursor_start(src);
	s->line_start = true;
	s->wanted = DEPTH_NONE;
	flows_read(s);
	for (size_t i = 0; ok && i < s->ports; i++)
		ok = !s->port[i].flows || port_keep(&s->port[i], src->bytes, list, e);
	free(s);
	return ok;
}
