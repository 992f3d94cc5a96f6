/* SPDX-License-Identifier: ISC */
/*
 * text_words.c: the words of shell scripts, Dockerfiles and systemd units. A word may be put
 * together from quoted and bare pieces; what an expansion gives is not known and stays as written.
 * Here-documents are somebody else's text and skipped.
 */
#include "text_scan.h"

#include <string.h>

enum { SHELL, DOCKERFILE, UNIT };

struct dialect {
	const char *line_comments; /* the first bytes of a line that is a comment */
	bool word_comments;        /* '#' where a word could begin is one as well */
	bool separators;           /* ; & | ( ) < > end a word, and << begins a here-document */
	struct tw_quote quote[3];
};

static const struct dialect dialects[] = {
	[SHELL] = { "#",
	            true,
	            true,
	            { { "\"", "\"", TW_ESCAPE_SHELL, true },
	              { "'", "'", TW_ESCAPE_NONE, true },
	              { "$'", "'", TW_ESCAPE_C, true } } },
	[DOCKERFILE] = { "#",
	                 false,
	                 true,
	                 { { "\"", "\"", TW_ESCAPE_SHELL, false },
	                   { "'", "'", TW_ESCAPE_NONE, false } } },
	[UNIT] = { "#;",
	           false,
	           false,
	           { { "\"", "\"", TW_ESCAPE_C, false }, { "'", "'", TW_ESCAPE_C, false } } },
};

struct scan {
	struct tw_cursor c;
	const struct dialect *d;
	bool line_start;
	struct tw_span_of_word {
		const char *at;
		size_t n;
	} here; /* the delimiter of the here-document that begins with the next line */
	struct tw_text text;
	struct tw_sink sink;
};

/* spliced goes past a backslash and the newline after it. */
static bool
spliced(struct scan *s)
{
	size_t n = tw_peek(&s->c, 1) == '\r' ? 2 : 1;

	if (tw_peek(&s->c, 0) != '\\' || tw_peek(&s->c, n) != '\n')
		return false;
	tw_step(&s->c, n + 1);
	return true;
}

/* ends tells whether a byte ends a word. */
static bool
ends(const struct scan *s, char c)
{
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return true;
	return s->d->separators && c != '\0' && strchr(";&|()<>", c) != NULL;
}

/* piece adds one piece of a word: a string, an expansion, an escaped byte or a byte. */
static bool
piece(struct scan *s)
{
	for (size_t i = 0; i < 3 && s->d->quote[i].open != NULL; i++) {
		if (tw_peek_is(&s->c, s->d->quote[i].open))
			return tw_text_quoted(&s->c, &s->d->quote[i], &s->text, s->sink.e);
	}
	if (tw_peek_is(&s->c, "${") || tw_peek_is(&s->c, "$(")) {
		char open = tw_peek(&s->c, 1);

		return tw_text_take(&s->c, &s->text, s->sink.e) &&
		       tw_text_nested(&s->c, open, open == '{' ? '}' : ')', &s->text, s->sink.e);
	}
	if (tw_peek(&s->c, 0) == '\\' && tw_peek(&s->c, 1) != '\0') {
		tw_step(&s->c, 2);
		return tw_text_add(&s->text, (unsigned char)s->c.src->bytes[s->c.at - 1],
		                   s->c.at - 2, s->c.at, s->sink.e);
	}
	return tw_text_take(&s->c, &s->text, s->sink.e);
}

/* word reads one word; it is bare unless it begins with a quote. */
static bool
word(struct scan *s)
{
	bool ok = true;

	tw_text_start(&s->text, tw_place_of(&s->c));
	s->text.bare = tw_peek(&s->c, 0) != '"' && tw_peek(&s->c, 0) != '\'';
	while (ok && s->c.at < s->c.src->n && !ends(s, tw_peek(&s->c, 0)))
		ok = spliced(s) || piece(s);
	return ok && tw_text_hand(&s->text, &s->sink);
}

/* here_note remembers the delimiter of a here-document; "<<" comes next. */
static void
here_note(struct scan *s)
{
	tw_step(&s->c, 2);
	if (tw_peek(&s->c, 0) == '<') { /* a here-string: its word is read as any */
		tw_step(&s->c, 1);
		return;
	}
	while (tw_peek(&s->c, 0) != '\0' && strchr("- \t\"'\\", tw_peek(&s->c, 0)) != NULL)
		s->c.at++;
	s->here.at = s->c.src->bytes + s->c.at;
	while (tw_word_byte(tw_peek(&s->c, 0)))
		s->c.at++;
	s->here.n = (size_t)(s->c.src->bytes + s->c.at - s->here.at);
	if (tw_peek(&s->c, 0) == '"' || tw_peek(&s->c, 0) == '\'')
		s->c.at++;
}

/* here_skip goes past the lines of a here-document, if one begins here. */
static void
here_skip(struct scan *s)
{
	bool end = s->here.n == 0;

	while (!end && s->c.at < s->c.src->n) {
		size_t n = 0;

		while (tw_peek(&s->c, 0) == '\t')
			s->c.at++;
		while (tw_peek(&s->c, n) != '\0' && strchr("\r\n", tw_peek(&s->c, n)) == NULL)
			n++;
		end = n == s->here.n && memcmp(s->c.src->bytes + s->c.at, s->here.at, n) == 0;
		tw_line_skip(&s->c);
		tw_step(&s->c, 1);
	}
	s->here.n = 0;
}

/* token reads one word, or goes past what is none. */
static bool
token(struct scan *s)
{
	char c = tw_peek(&s->c, 0);
	bool first = s->line_start;

	if (c == '\n') {
		tw_step(&s->c, 1);
		here_skip(s);
		s->line_start = true;
		return true;
	}
	if (c == ' ' || c == '\t' || c == '\r') {
		tw_step(&s->c, 1);
		return true;
	}
	s->line_start = false;
	if ((first && strchr(s->d->line_comments, c) != NULL) ||
	    (s->d->word_comments && c == '#')) {
		tw_line_skip(&s->c);
		return true;
	}
	if (s->d->separators && tw_peek_is(&s->c, "<<")) {
		here_note(s);
		return true;
	}
	if (spliced(s)) {
		s->line_start = first || s->d != &dialects[SHELL]; /* comments may stand between */
		return true;
	}
	if (ends(s, c)) {
		tw_step(&s->c, 1);
		return true;
	}
	return word(s);
}

/* words scans a file of a dialect. */
static bool
words(const struct dialect *d, const struct tw_source *src, tw_text_visit *visit, void *arg,
      struct tw_err *e)
{
	struct scan s = {
		.c = tw_cursor_start(src), .d = d, .line_start = true, .sink = { visit, arg, e }
	};
	bool ok = true;

	while (ok && s.c.at < src->n)
		ok = token(&s);
	tw_text_free(&s.text);
	return ok;
}

bool
tw_text_shell(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return words(&dialects[SHELL], src, visit, arg, e);
}

bool
tw_text_dockerfile(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return words(&dialects[DOCKERFILE], src, visit, arg, e);
}

bool
tw_text_unit(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return words(&dialects[UNIT], src, visit, arg, e);
}
