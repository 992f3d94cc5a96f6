/* SPDX-License-Identifier: ISC */
/*
 * text_plain.c: plain text, which is read only when asked: the words of a line that are URLs, or
 * else the line as a whole. A line that begins as comments do is left alone.
 */
#include "text_scan.h"

#include <string.h>

/* comment_is tells whether a comment comes next, in whatever grammar. */
static bool
comment_is(const struct tw_cursor *c)
{
	static const char *const signs[] = { "#", ";", "//", "--", "/*", "!" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (tw_peek_is(c, signs[i]))
			return true;
	}
	return false;
}

/* take adds n bytes as a text of their own, and hands it over. */
static bool
take(struct tw_cursor *c, size_t n, struct tw_text *t, const struct tw_sink *sink)
{
	bool ok = true;

	tw_text_start(t, tw_place_of(c));
	t->bare = true;
	for (; ok && n > 0; n--)
		ok = tw_text_take(c, t, sink->e);
	tw_text_trim(t);
	return ok && tw_text_hand(t, sink);
}

/* url_length is the length of the URL that comes next, or 0; what ends a sentence is none of it. */
static size_t
url_length(const struct tw_cursor *c)
{
	static const char *const begins[] = { "postgres", "jdbc:postgresql:" };
	size_t n = 0;

	if (!tw_peek_is(c, begins[0]) && !tw_peek_is(c, begins[1]))
		return 0;
	while (tw_peek(c, n) != '\0' && strchr(" \t\r\n\"'`<>()", tw_peek(c, n)) == NULL)
		n++;
	while (n > 0 && strchr(".,;!", tw_peek(c, n - 1)) != NULL)
		n--;
	return n > 16 || memmem(c->src->bytes + c->at, n, "://", 3) != NULL ? n : 0;
}

/* urls hands over the URLs of a line; *any tells whether there was one. */
static bool
urls(struct tw_cursor *c, struct tw_text *t, const struct tw_sink *sink, bool *any)
{
	bool ok = true;

	while (ok && c->at < c->src->n && tw_peek(c, 0) != '\n') {
		size_t n = c->at > 0 && tw_word_byte(c->src->bytes[c->at - 1]) ? 0 : url_length(c);

		*any = *any || n > 0;
		if (n > 0)
			ok = take(c, n, t, sink);
		else
			tw_step(c, 1);
	}
	return ok;
}

bool
tw_text_plain(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	struct tw_cursor c = tw_cursor_start(src);
	struct tw_sink sink = { visit, arg, e };
	struct tw_text text = { .joined = false };
	bool ok = true;

	for (; ok && c.at < src->n; tw_step(&c, 1)) {
		struct tw_cursor line;
		bool any = false;

		while (tw_peek(&c, 0) == ' ' || tw_peek(&c, 0) == '\t')
			c.at++;
		line = c;
		if (comment_is(&c)) {
			tw_line_skip(&c);
			continue;
		}
		ok = urls(&c, &text, &sink, &any);
		if (ok && !any)
			ok = take(&line, c.at - line.at, &text, &sink);
	}
	tw_text_free(&text);
	return ok;
}
