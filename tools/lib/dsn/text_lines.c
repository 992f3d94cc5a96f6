/* SPDX-License-Identifier: ISC */
/*
 * text_lines.c: files of "key = value" lines: INI and its kin, .env, Java properties; and plain
 * lines, read only when asked. What is not quoted is handed over with its key, as a bare text.
 */
#include "text_scan.h"

#include <string.h>
#include <strings.h>

enum { INI, ENV };

struct format {
	const char *comments; /* the first bytes of a line that is one */
	struct tw_quote quote[2];
};

static const struct format formats[] = {
	[INI] = { "#;",
	          { { "\"", "\"", TW_ESCAPE_NONE, false },
	            { "'", "'", TW_ESCAPE_DOUBLED, false } } },
	[ENV] = { "#", { { "\"", "\"", TW_ESCAPE_C, true }, { "'", "'", TW_ESCAPE_NONE, true } } },
};

struct scan {
	struct tw_cursor c;
	const struct format *f;
	struct tw_text text;
	bool pooler;       /* in PgBouncer's own [databases]: what it connects to must stay */
	struct tw_buf key; /* "/section/key" */
	size_t section;    /* the length of "/section" in it */
	struct tw_sink sink;
};

static void
blanks_skip(struct tw_cursor *c)
{
	while (tw_peek(c, 0) == ' ' || tw_peek(c, 0) == '\t')
		c->at++;
}

/* line_is tells whether more of the line comes. */
static bool
line_is(const struct tw_cursor *c)
{
	return c->at < c->src->n && tw_peek(c, 0) != '\n';
}

/* comment_is tells whether a comment follows a value: a blank and a sign. */
static bool
comment_is(const struct scan *s)
{
	return (tw_peek(&s->c, 0) == ' ' || tw_peek(&s->c, 0) == '\t') &&
	       tw_peek(&s->c, 1) != '\0' && strchr(s->f->comments, tw_peek(&s->c, 1)) != NULL;
}

/* key_length is the length of the key, blanks and sign that come next; 0 where there is none. */
static size_t
key_length(const struct tw_cursor *c)
{
	size_t n = 0;

	if (tw_peek_is(c, "export "))
		n = strlen("export ");
	while (tw_word_byte(tw_peek(c, n)) || tw_peek(c, n) == '.' || tw_peek(c, n) == '-')
		n++;
	while (n > 0 && (tw_peek(c, n) == ' ' || tw_peek(c, n) == '\t'))
		n++;
	if (n == 0 || (tw_peek(c, n) != '=' && (tw_peek(c, n) != ':' || tw_peek(c, n + 1) != ' ')))
		return 0;
	for (n++; tw_peek(c, n) == ' ' || tw_peek(c, n) == '\t'; n++)
		;
	return n;
}

/* direct_is tells whether the key that comes next names a connection that must not be pooled. */
static bool
direct_is(const struct tw_cursor *c)
{
	static const char key[] = "primary_conninfo"; /* a replica's, in postgresql.auto.conf */
	size_t n = strlen(key);

	return c->src->n - c->at > n && strncasecmp(c->src->bytes + c->at, key, n) == 0 &&
	       !tw_word_byte(tw_peek(c, n));
}

/* section reads "[name]". */
static bool
section(struct scan *s)
{
	size_t n = 1;
	bool ok;

	s->pooler = tw_peek_is(&s->c, "[databases]");
	while (tw_peek(&s->c, n) != '\0' && strchr("]\r\n", tw_peek(&s->c, n)) == NULL)
		n++;
	tw_buf_free(&s->key);
	ok = tw_buf_puts(&s->key, "/", s->sink.e) &&
	     tw_buf_add(&s->key, s->c.src->bytes + s->c.at + 1, n - 1, s->sink.e);
	s->section = s->key.len;
	tw_line_skip(&s->c);
	return ok;
}

/* key_note makes the key that comes next, of n bytes with its sign, that of the next text. */
static bool
key_note(struct scan *s, size_t n)
{
	const char *name = s->c.src->bytes + s->c.at;

	if (n > strlen("export ") && tw_peek_is(&s->c, "export ")) {
		name += strlen("export ");
		n -= strlen("export ");
	}
	while (n > 0 && strchr(" \t=:", name[n - 1]) != NULL)
		n--;
	s->key.len = s->section;
	return tw_buf_puts(&s->key, "/", s->sink.e) && tw_buf_add(&s->key, name, n, s->sink.e);
}

/* quoted reads a value in quotes; anything but a comment after it makes it no value of ours. */
static bool
quoted(struct scan *s, const struct tw_quote *q)
{
	tw_text_start(&s->text, tw_place_of(&s->c));
	s->text.key = tw_buf_text(&s->key);
	if (!tw_text_quoted(&s->c, q, &s->text, s->sink.e))
		return false;
	blanks_skip(&s->c);
	if (line_is(&s->c) && tw_peek(&s->c, 0) != '\r' &&
	    strchr(s->f->comments, tw_peek(&s->c, 0)) == NULL)
		s->text.broken = true;
	tw_line_skip(&s->c);
	return tw_text_hand(&s->text, &s->sink);
}

/* bare reads the rest of a line, up to a comment. */
static bool
bare(struct scan *s)
{
	bool ok = true;

	tw_text_start(&s->text, tw_place_of(&s->c));
	s->text.key = tw_buf_text(&s->key);
	s->text.bare = true;
	while (ok && line_is(&s->c) && !comment_is(s))
		ok = tw_text_take(&s->c, &s->text, s->sink.e);
	tw_line_skip(&s->c);
	tw_text_trim(&s->text);
	return ok && tw_text_hand(&s->text, &s->sink);
}

/* line reads one line; its newline comes next afterwards. */
static bool
line(struct scan *s)
{
	struct tw_cursor value = s->c;

	blanks_skip(&s->c);
	if (!line_is(&s->c))
		return true;
	if (tw_peek(&s->c, 0) == '[')
		return section(s);
	if (strchr(s->f->comments, tw_peek(&s->c, 0)) != NULL || s->pooler || direct_is(&s->c)) {
		tw_line_skip(&s->c);
		return true;
	}
	value = s->c;
	tw_step(&value, key_length(&s->c));
	if (!key_note(s, value.at - s->c.at))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (tw_peek(&value, 0) == *s->f->quote[i].open) {
			s->c = value;
			return quoted(s, &s->f->quote[i]);
		}
	}
	if (value.at > s->c.at && s->c.src->bytes[value.at - 1] == ' ' &&
	    memchr(s->c.src->bytes + s->c.at, '=', value.at - s->c.at) == NULL)
		s->c = value; /* "key: value" */
	return bare(s);
}

/* lines scans a file of a format. */
static bool
lines(const struct format *f, const struct tw_source *src, tw_text_visit *visit, void *arg,
      struct tw_err *e)
{
	struct scan s = { .c = tw_cursor_start(src), .f = f, .sink = { visit, arg, e } };
	bool ok = true;

	for (; ok && s.c.at < src->n; tw_step(&s.c, 1))
		ok = line(&s);
	tw_text_free(&s.text);
	tw_buf_free(&s.key);
	return ok;
}

bool
tw_text_ini(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return lines(&formats[INI], src, visit, arg, e);
}

bool
tw_text_env(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return lines(&formats[ENV], src, visit, arg, e);
}
