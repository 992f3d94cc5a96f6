/* SPDX-License-Identifier: ISC */
/*
 * text_json.c: the string values of a JSON document. jansson is not used here: it gives values,
 * and an edit needs the bytes that they were written with.
 */
#include "base/text.h"

#include <string.h>

#define DEPTH_MAX 512

/* One open object or array; its members' pointers begin with `pointer_len` bytes of the pointer. */
struct frame {
	bool object;
	size_t index;
	size_t pointer_len;
};

/* What tw_text_json_at looks for: the value at a pointer, and whether it is a string. */
struct wanted {
	const char *pointer;
	bool found, string;
	struct tw_place at;
};

struct scan {
	const struct tw_source *src;
	size_t at, line, line_at; /* line_at: the offset of the line's first byte */
	struct tw_text text;
	struct tw_buf pointer;
	struct frame stack[DEPTH_MAX];
	size_t depth;
	struct wanted *wanted;
	tw_text_visit *visit;
	void *arg;
	struct tw_err *e;
};

/* here is the place of the next byte. */
static struct tw_place
here(const struct scan *s)
{
	return (struct tw_place){ s->at, s->line, s->at - s->line_at + 1 };
}

/* bad records what is malformed at the next byte; always false. */
static bool
bad(struct scan *s, const char *what)
{
	return tw_fail(s->e, EX_DATAERR, "%s:%zu:%zu: %s", s->src->path, s->line, here(s).column,
	               what);
}

/* peek is the next byte, 0 at the end (tw_text_scan has refused NUL in files). */
static char
peek(const struct scan *s)
{
	return s->at < s->src->n ? s->src->bytes[s->at] : '\0';
}

static void
blanks_skip(struct scan *s)
{
	for (;; s->at++) {
		char c = peek(s);

		if (c == '\n') {
			s->line++;
			s->line_at = s->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

/* hex4 reads the four digits of a \u escape. */
static bool
hex4(struct scan *s, uint32_t *code)
{
	static const char digits[] = "0123456789abcdef";

	*code = 0;
	for (int i = 0; i < 4; i++, s->at++) {
		char c = peek(s);
		const char *d = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

		if (c == '\0' || d == NULL)
			return bad(s, "invalid \\u escape");
		*code = *code << 4 | (uint32_t)(d - digits);
	}
	return true;
}

/* unicode reads what follows \u, and the second half of a surrogate pair. */
static bool
unicode(struct scan *s, size_t begin)
{
	uint32_t code, low;

	if (!hex4(s, &code))
		return false;
	if (code >= 0xd800 && code < 0xdc00 && s->at + 6 <= s->src->n &&
	    memcmp(s->src->bytes + s->at, "\\u", 2) == 0) {
		size_t back = s->at;

		s->at += 2;
		if (!hex4(s, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000)
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		else
			s->at = back;
	}
	if (code >= 0xd800 && code < 0xe000)
		code = 0xfffd; /* half a pair: somebody else's text, none that a DSN holds */
	return tw_text_add_utf8(&s->text, code, begin, s->at, s->e);
}

/* escape reads one escape; the backslash is the next byte. */
static bool
escape(struct scan *s)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	size_t begin = s->at++;
	char c = peek(s);
	const char *name = c != '\0' ? strchr(names, c) : NULL;

	if (c == 'u') {
		s->at++;
		return unicode(s, begin);
	}
	if (name == NULL)
		return bad(s, "invalid escape");
	s->at++;
	return tw_text_add(&s->text, (unsigned char)means[name - names], begin, s->at, s->e);
}

/* string reads a string into s->text; the opening quote is the next byte. */
static bool
string(struct scan *s)
{
	tw_text_start(&s->text, here(s));
	s->at++;
	for (;;) {
		char c = peek(s);

		if (c == '"')
			break;
		if ((unsigned char)c < 0x20)
			return bad(s, s->at < s->src->n ? "control byte in a string"
			                                : "unterminated string");
		if (c == '\\') {
			if (!escape(s))
				return false;
		} else {
			if (!tw_text_add(&s->text, (unsigned char)c, s->at, s->at + 1, s->e))
				return false;
			s->at++;
		}
	}
	s->at++;
	return true;
}

/* digits skips decimal digits and tells whether there was one. */
static bool
digits(struct scan *s)
{
	size_t begin = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at > begin;
}

/* scalar skips a number, true, false or null. */
static bool
scalar(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t left = s->src->n - s->at;

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (left >= n && memcmp(s->src->bytes + s->at, words[i], n) == 0) {
			s->at += n;
			return true;
		}
	}
	s->at += peek(s) == '-';
	if (peek(s) == '0')
		s->at++;
	else if (!digits(s))
		return bad(s, "expected a value");
	if (peek(s) == '.') {
		s->at++;
		if (!digits(s))
			return bad(s, "malformed number");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		s->at += peek(s) == '+' || peek(s) == '-';
		if (!digits(s))
			return bad(s, "malformed number");
	}
	return true;
}

/* number reads a scalar, and hands it over if it is a member that could be a port. */
static bool
number(struct scan *s)
{
	struct tw_place at = here(s);
	bool ok = scalar(s);
	size_t n = s->at - at.offset;

	if (!ok || s->visit == NULL || n > 5 || s->depth == 0 || !s->stack[s->depth - 1].object ||
	    s->pointer.len > TW_POINTER_MAX)
		return ok;
	tw_text_start(&s->text, at);
	s->text.bare = true;
	for (size_t i = at.offset; ok && i < s->at; i++)
		ok = tw_text_add(&s->text, (unsigned char)s->src->bytes[i], i, i + 1, s->e);
	s->text.key = s->text.pointer = tw_buf_text(&s->pointer);
	return ok && s->visit(&s->text, s->arg, s->e);
}

/* wanted_enter forgets a find where a later key of the same name replaces it or its parents. */
static void
wanted_enter(struct scan *s)
{
	const char *p = tw_buf_text(&s->pointer);
	size_t n = s->pointer.len;

	if (s->wanted != NULL && strncmp(s->wanted->pointer, p, n) == 0 &&
	    (s->wanted->pointer[n] == '\0' || s->wanted->pointer[n] == '/'))
		s->wanted->found = false;
}

/* wanted_value notes the value that begins at the next byte if its pointer is the wanted one. */
static void
wanted_value(struct scan *s)
{
	if (s->wanted == NULL || strcmp(s->wanted->pointer, tw_buf_text(&s->pointer)) != 0)
		return;
	s->wanted->found = true;
	/* a member that is a number may be a port */
	s->wanted->string = peek(s) == '"' || (s->depth > 0 && s->stack[s->depth - 1].object &&
	                                       peek(s) >= '0' && peek(s) <= '9');
	s->wanted->at = here(s);
}

/* pointer_enter makes the pointer that of a member: by its index, or by the key in s->text. */
static bool
pointer_enter(struct scan *s, struct frame *f)
{
	bool ok;

	if (s->pointer.data != NULL)
		s->pointer.data[f->pointer_len] = '\0';
	s->pointer.len = f->pointer_len;
	if (!f->object) {
		ok = tw_buf_printf(&s->pointer, s->e, "/%zu", f->index++);
	} else {
		ok = tw_buf_puts(&s->pointer, "/", s->e);
		for (size_t i = 0; ok && i < s->text.bytes.len; i++) {
			char c = s->text.bytes.data[i];

			ok = c == '~'   ? tw_buf_puts(&s->pointer, "~0", s->e)
			     : c == '/' ? tw_buf_puts(&s->pointer, "~1", s->e)
			                : tw_buf_add(&s->pointer, &c, 1, s->e);
		}
	}
	if (ok)
		wanted_enter(s);
	return ok;
}

/* member reads a key and its colon, or counts an array's element. */
static bool
member(struct scan *s)
{
	struct frame *f = &s->stack[s->depth - 1];

	blanks_skip(s);
	if (!f->object)
		return pointer_enter(s, f);
	if (peek(s) != '"')
		return bad(s, "expected a key");
	if (!string(s))
		return false;
	if (s->text.broken)
		return bad(s, "a key longer than 65536 bytes");
	if (s->text.bytes.len > 0 && memchr(s->text.bytes.data, '\0', s->text.bytes.len) != NULL)
		return bad(s, "NUL in a key");
	if (!pointer_enter(s, f))
		return false;
	blanks_skip(s);
	if (peek(s) != ':')
		return bad(s, "expected ':'");
	s->at++;
	return true;
}

/* open_container enters '{' or '['; *empty tells that it was closed at once. */
static bool
open_container(struct scan *s, bool *empty)
{
	char close = peek(s) == '{' ? '}' : ']';

	if (s->depth == DEPTH_MAX)
		return bad(s, "nested more than 512 deep");
	s->at++;
	blanks_skip(s);
	*empty = peek(s) == close;
	if (*empty) {
		s->at++;
		return true;
	}
	s->stack[s->depth++] = (struct frame){ close == '}', 0, s->pointer.len };
	return member(s);
}

/* value reads a value up to its end, or up to its first member; *more tells that one follows. */
static bool
value(struct scan *s, bool *more)
{
	bool empty = true;

	*more = false;
	blanks_skip(s);
	wanted_value(s);
	if (peek(s) == '{' || peek(s) == '[') {
		bool ok = open_container(s, &empty);

		*more = !empty;
		return ok;
	}
	if (peek(s) != '"')
		return number(s);
	if (!string(s))
		return false;
	if (s->visit == NULL || s->text.broken || s->pointer.len > TW_POINTER_MAX)
		return true;
	s->text.key = s->text.pointer = tw_buf_text(&s->pointer);
	return s->visit(&s->text, s->arg, s->e);
}

/* after reads what follows a value: a comma and the next key, or closing brackets. */
static bool
after(struct scan *s, bool *more)
{
	*more = false;
	while (s->depth > 0) {
		const struct frame *f = &s->stack[s->depth - 1];

		blanks_skip(s);
		if (peek(s) == ',') {
			s->at++;
			*more = true;
			return member(s);
		}
		if (peek(s) != (f->object ? '}' : ']'))
			return bad(s, f->object ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
		s->depth--;
	}
	blanks_skip(s);
	return s->at == s->src->n || bad(s, "more after the document's end");
}

/* document reads the whole file. */
static bool
document(struct scan *s)
{
	bool more = true, ok = true;

	if (s->src->n >= 3 && memcmp(s->src->bytes, "\xef\xbb\xbf", 3) == 0)
		s->at = s->line_at = 3; /* a byte order mark */
	while (ok && more)
		ok = value(s, &more) && (more || after(s, &more));
	tw_text_free(&s->text);
	tw_buf_free(&s->pointer);
	return ok;
}

bool
tw_text_json(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	struct scan s = { .src = src, .line = 1, .visit = visit, .arg = arg, .e = e };

	return document(&s);
}

bool
tw_text_json_at(const struct tw_source *src, const char *pointer, struct tw_place *at,
                struct tw_err *e)
{
	struct wanted w = { .pointer = pointer };
	struct scan s = { .src = src, .line = 1, .wanted = &w, .e = e };

	if (!document(&s))
		return false;
	if (!w.found)
		return tw_fail(e, EX_DATAERR, "%s: no value at '%s'", src->path, pointer);
	if (!w.string)
		return tw_fail(e, EX_DATAERR, "%s:%zu:%zu: the value at '%s' is not a string",
		               src->path, w.at.line, w.at.column, pointer);
	*at = w.at;
	return true;
}
