/* SPDX-License-Identifier: ISC */
/*
 * text_yaml.c: the scalars of YAML that are values: plain, quoted, and the lines of block scalars
 * (a ConfigMap's files). A plain scalar that goes on in the next line is marked as joined. There is
 * no notion of a document: what is not YAML does no harm.
 */
#include "text_scan.h"

#include <string.h>

/* Keys nested deeper, or longer than this, get none. */
#define DEPTH_MAX 64
#define KEY_MAX ((size_t)256)

/* A key or a list's dash that is open: its column, and how long the path above it is. */
struct level {
	size_t rank;
	bool dash;
	size_t path_len;
};

struct scan {
	struct tw_cursor c;
	size_t indent; /* of the line */
	size_t flow;   /* depth of [ and { */
	struct level level[DEPTH_MAX];
	size_t depth;
	struct tw_buf path; /* "/key/-LINE/key" */
	struct tw_text text;
	struct tw_sink sink;
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static bool
line_is(const struct scan *s)
{
	return s->c.at < s->c.src->n && tw_peek(&s->c, 0) != '\n';
}

/* indent_next is the indentation of the first line after this one that is not empty, or 0. */
static size_t
indent_next(const struct scan *s)
{
	struct tw_cursor c = s->c;
	size_t n = 0;

	tw_line_skip(&c);
	while (c.at < c.src->n) {
		tw_step(&c, 1);
		for (n = 0; tw_peek(&c, n) == ' '; n++)
			;
		if (!blank(tw_peek(&c, n)))
			return tw_peek(&c, n) == '#' ? 0 : n;
		tw_line_skip(&c);
	}
	return 0;
}

/*
 * level_open makes a key, or a list's dash, at `column` the innermost one: those at its column or
 * right of it end. All keys of a flow collection stand in one column, right of all others.
 */
static bool
level_open(struct scan *s, size_t column, const char *key, size_t n, bool dash)
{
	size_t rank = s->flow > 0 ? SIZE_MAX / 2 + s->flow : column;
	struct level *top = &s->level[s->depth];

	/* a list may stand in the column of the key that it belongs to */
	while (s->depth > 0 &&
	       (top[-1].rank > rank || (top[-1].rank == rank && (!dash || top[-1].dash)))) {
		top--;
		s->depth--;
		s->path.len = top->path_len;
	}
	if (s->depth == DEPTH_MAX)
		return true;
	*top = (struct level){ rank, dash, s->path.len };
	s->depth++;
	if (dash)
		return tw_buf_printf(&s->path, s->sink.e, "/-%zu", s->c.line);
	return tw_buf_puts(&s->path, "/", s->sink.e) &&
	       tw_buf_add(&s->path, key, n > KEY_MAX ? 0 : n, s->sink.e);
}

/* hand hands over the scalar that was read, or makes it the key whose ':' comes next. */
static bool
hand(struct scan *s, bool key)
{
	if (key)
		return level_open(s, s->text.at.column, tw_buf_text(&s->text.bytes),
		                  s->text.bytes.len, false);
	s->text.key = tw_buf_text(&s->path);
	return tw_text_hand(&s->text, &s->sink);
}

/* block reads the lines of a block scalar, each as a bare text; its header is the current line. */
static bool
block(struct scan *s)
{
	bool ok = true;

	tw_line_skip(&s->c);
	while (ok && s->c.at < s->c.src->n) {
		struct tw_cursor next = s->c;

		tw_step(&next, 1);
		while (tw_peek(&next, 0) == ' ')
			next.at++;
		if (next.at - next.line_at <= s->indent && !blank(tw_peek(&next, 0)))
			return true;
		s->c = next;
		tw_text_start(&s->text, tw_place_of(&s->c));
		s->text.bare = true;
		while (ok && line_is(s))
			ok = tw_text_take(&s->c, &s->text, s->sink.e);
		tw_text_trim(&s->text);
		ok = ok && tw_text_hand(&s->text, &s->sink);
	}
	return ok;
}

/* block_is tells whether a block scalar's header comes next: | or > and its indicators. */
static bool
block_is(const struct scan *s)
{
	size_t n = 1;

	if (s->flow > 0 || (tw_peek(&s->c, 0) != '|' && tw_peek(&s->c, 0) != '>'))
		return false;
	while (tw_peek(&s->c, n) != '\0' && strchr("+-123456789", tw_peek(&s->c, n)) != NULL)
		n++;
	return blank(tw_peek(&s->c, n));
}

/* colon_is tells whether the ':' of a key comes next. */
static bool
colon_is(const struct scan *s)
{
	char after = tw_peek(&s->c, 1);

	return tw_peek(&s->c, 0) == ':' &&
	       (blank(after) || (s->flow > 0 && strchr(",[]{}", after) != NULL));
}

/* quoted reads a scalar in quotes; a key is not handed over. */
static bool
quoted(struct scan *s)
{
	static const struct tw_quote quotes[] = { { "\"", "\"", TW_ESCAPE_C, true },
		                                  { "'", "'", TW_ESCAPE_DOUBLED, true } };
	size_t line = s->c.line;

	tw_text_start(&s->text, tw_place_of(&s->c));
	if (!tw_text_quoted(&s->c, &quotes[tw_peek(&s->c, 0) == '\''], &s->text, s->sink.e))
		return false;
	s->text.joined = s->c.line != line; /* lines are folded, which is not done here */
	return hand(s, tw_peek(&s->c, 0) == ':');
}

/* plain_ends tells whether a plain scalar ends before the next byte. */
static bool
plain_ends(const struct scan *s)
{
	char c = tw_peek(&s->c, 0);

	if (colon_is(s) || (blank(c) && tw_peek(&s->c, 1) == '#'))
		return true;
	return s->flow > 0 && strchr(",[]{}", c) != NULL && !tw_peek_is(&s->c, "{{");
}

/* plain reads a scalar without quotes; a key is not handed over. */
static bool
plain(struct scan *s)
{
	bool ok = true;

	tw_text_start(&s->text, tw_place_of(&s->c));
	s->text.bare = true;
	while (ok && line_is(s) && !plain_ends(s)) {
		if (tw_peek_is(&s->c, "{{") || tw_peek_is(&s->c, "${"))
			ok = (tw_peek(&s->c, 0) == '{' ||
			      tw_text_take(&s->c, &s->text, s->sink.e)) &&
			     tw_text_nested(&s->c, '{', '}', &s->text, s->sink.e);
		else
			ok = tw_text_take(&s->c, &s->text, s->sink.e);
	}
	tw_text_trim(&s->text);
	s->text.joined = !line_is(s) && s->flow == 0 && indent_next(s) > s->indent;
	return ok && hand(s, colon_is(s));
}

/* token reads one scalar, or goes past what is none. */
static bool
token(struct scan *s)
{
	char c = tw_peek(&s->c, 0);
	bool alone = blank(tw_peek(&s->c, 1));

	if (c == '\n') {
		tw_step(&s->c, 1);
		for (s->indent = 0; tw_peek(&s->c, s->indent) == ' '; s->indent++)
			;
		return true;
	}
	if (c == '#') {
		tw_line_skip(&s->c);
		return true;
	}
	if (tw_peek_is(&s->c, "---") && s->c.at == s->c.line_at) /* another document */
		s->depth = s->path.len = 0;
	if (block_is(s))
		return block(s);
	if (c == '"' || c == '\'')
		return quoted(s);
	if (c == '-' && alone && s->flow == 0 &&
	    !level_open(s, tw_place_of(&s->c).column, "", 0, true))
		return false;
	if ((c == '[' || c == '{') && !tw_peek_is(&s->c, "{{"))
		s->flow++;
	else if ((c == ']' || c == '}') && s->flow > 0)
		s->flow--;
	else if (c == '&' || c == '*' || c == '!') { /* an anchor, an alias, a tag */
		while (!blank(tw_peek(&s->c, 1)))
			s->c.at++;
	} else if (!blank(c) && c != ',' && !((c == '-' || c == '?' || c == ':') && alone) &&
	           !plain_ends(s)) /* as the ':' of "[:,": nothing of a scalar comes next */
		return plain(s);
	tw_step(&s->c, 1);
	return true;
}

bool
tw_text_yaml(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	struct scan s = { .c = tw_cursor_start(src), .sink = { visit, arg, e } };
	bool ok = true;

	while (tw_peek(&s.c, s.indent) == ' ')
		s.indent++;
	while (ok && s.c.at < src->n)
		ok = token(&s);
	tw_text_free(&s.text);
	tw_buf_free(&s.path);
	return ok;
}
