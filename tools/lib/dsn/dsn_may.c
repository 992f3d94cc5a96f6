/* SPDX-License-Identifier: ISC */
/*
 * dsn_may.c: which files are not worth a tokenizer. Whoever searches a source tree reads a gigabyte
 * of which nearly nothing is about PostgreSQL, and what it takes to be a DSN is rare: "postgres",
 * or one of a few names before '=' (in data also ':'). Each of these can be cut in pieces by
 * quotes, or written as escapes; so their last piece is looked for too. tests/fuzz holds this
 * against the tokenizers.
 */
#include "dsn_may.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* How far back a name and the blanks after it are looked for; where they are longer, it may be one.
 */
#define BACK_MAX 96

/* The names that make a text a DSN, or a group of settings one; in lower case, any case counts. */
#define NAME(text)                     \
	{                              \
		text, sizeof(text) - 1 \
	}
static const struct {
	const char *text;
	size_t n;
} names[] = {
	NAME("port"),   NAME("host"),    NAME("hostaddr"),   NAME("dbname"),
	NAME("user"),   NAME("service"), NAME("driver"),     NAME("username"),
	NAME("pgport"), NAME("pghost"),  NAME("pghostaddr"),
};

struct file {
	const char *in;
	size_t n;
	bool pieces; /* a text may stand in several pieces */
	bool apart;  /* and blanks between them */
	bool keyed;  /* values have keys: DB_PORT = 5432 */
	bool code;   /* a program's source, where these have names too: cfg["port"] = 5432 */
	bool colons; /* and ':' may stand before them */
};

/* word_byte tells whether a byte can stand in a name, or in what stands before it in a key. */
static bool
word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
letter(int c)
{
	return c >= 'a' && c <= 'z';
}

/*
 * last_bytes tells whether what ends before `end` can be a name: a letter, a quote, a backslash;
 * and of a word the last three letters. It is asked at every sign, and nearly always says no.
 */
static bool
last_bytes(const char *in, size_t end)
{
	int c = in[end - 1] | 0x20, b = end > 1 ? in[end - 2] | 0x20 : 0;
	int a = end > 2 ? in[end - 3] | 0x20 : 0;

	if (c != 't' && c != 'r' && c != 'e')
		return tw_may_quote(in[end - 1]) || in[end - 1] == '\\';
	if (!letter(b) || !letter(a)) /* a piece of one */
		return true;
	if (c == 't') /* port host */
		return a == 'o' && (b == 'r' || b == 's');
	if (c == 'r') /* user driver portNumber hostaddr */
		return (b == 'e' && (a == 's' || a == 'v' || a == 'b')) || (b == 'd' && a == 'd');
	return (b == 'm' && a == 'a') || (b == 'c' && a == 'i'); /* dbname service */
}

/* named tells whether the n bytes at `word` end with a name, or, with `piece`, are the end of one.
 */
static bool
named(const char *word, size_t n, bool whole, bool piece)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = names[i].n;

		if (whole && n == len && strncasecmp(word, names[i].text, n) == 0)
			return true;
		if (piece && n < len && strncasecmp(word, names[i].text + len - n, n) == 0)
			return true;
	}
	return false;
}

/* cut tells whether a word that begins at `at` is the rest of one that was cut in pieces there. */
static bool
cut(const struct file *f, size_t at)
{
	size_t back = at;

	if (!f->pieces || at == 0)
		return false;
	if (tw_may_quote(f->in[at - 1]) || f->in[at - 1] == '\\')
		return true;
	/* "po\", a newline, perhaps blanks, "rt" */
	while (back > 0 && tw_may_blank(f->in[back - 1]) && at - back < BACK_MAX)
		back--;
	return at - back == BACK_MAX || (back < at && back > 0 && f->in[back - 1] == '\\');
}

/* before_sign tells whether what stands before the sign at `at` may be one of the names. */
static bool
before_sign(const struct file *f, size_t at)
{
	size_t end = at, begin, n;

	while (end > 0 && tw_may_blank(f->in[end - 1])) {
		if (at - end == BACK_MAX)
			return true;
		end--;
	}
	if (f->code && end > 0 && f->in[end - 1] == ']') {
		for (end--; end > 0 && tw_may_blank(f->in[end - 1]);)
			end--;
		return end > 0 && tw_may_quote(f->in[end - 1]) &&
		       tw_dsn_may_end(f->in, f->in + end - 1);
	}
	/* they all end with one of these, and that is nearly all that there is to do */
	if (end == 0 || !last_bytes(f->in, end))
		return false;
	/* "host" '=': the name is the piece before; a key of JSON or TOML in its quotes */
	if (end > 0 && tw_may_quote(f->in[end - 1])) {
		if (f->pieces && (end == at || f->apart))
			return true;
		if (!f->keyed)
			return false;
		end--;
	}
	if (f->pieces && end > 0 && f->in[end - 1] == '\\')
		return true;
	begin = end;
	while (begin > 0 && word_byte(f->in[begin - 1]) && end - begin < BACK_MAX)
		begin--;
	n = end - begin;
	if (n == 0)
		return false;
	/* of "\nport" the name has no n */
	if (begin > 0 && f->in[begin - 1] == '\\' && named(f->in + begin + 1, n - 1, true, false))
		return true;
	if (f->code && tw_dsn_may_end(f->in, f->in + end))
		return true;
	if (f->keyed && ((n >= 4 && strncasecmp(f->in + end - 4, "port", 4) == 0) ||
	                 (n >= 10 && strncasecmp(f->in + end - 10, "portNumber", 10) == 0)))
		return true;
	return named(f->in + begin, n, true, cut(f, begin));
}

/* signs_may looks at every sign after a name. */
static bool
signs_may(const struct file *f, char sign)
{
	const char *at = f->in, *end = f->in + f->n;

	while ((at = memchr(at, sign, (size_t)(end - at))) != NULL) {
		if (before_sign(f, (size_t)(at - f->in)))
			return true;
		at++;
	}
	return false;
}

/* escape_may tells whether the backslash at `at` begins a character of a DSN that is written as a
 * number. */
static bool
escape_may(const struct file *f, size_t at)
{
	char text[12] = "", kind;
	size_t n = f->n - at - 1 < 11 ? f->n - at - 1 : 11;
	const char *digits = text + 1;
	unsigned long code;

	memcpy(text, f->in + at + 1, n);
	kind = text[0];
	if (kind >= '0' && kind <= '7') {
		text[3] = '\0';
		code = strtoul(text, NULL, 8);
	} else if (kind == 'x' || kind == 'u' || kind == 'U') {
		/* \x41 \u0041 \u{41} \U00000041; C's \x takes all that follow */
		digits += *digits == '{';
		if (kind == 'x' && !isxdigit((unsigned char)text[3]))
			text[3] = '\0';
		if (kind == 'u' && digits == text + 1)
			text[5] = '\0';
		code = isxdigit((unsigned char)*digits) ? strtoul(digits, NULL, 16) : 0;
	} else {
		return false;
	}
	return code >= '!' && code <= '~';
}

/* escapes_may looks at every backslash. */
static bool
escapes_may(const struct file *f)
{
	const char *at = f->in, *end = f->in + f->n;

	while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
		if (escape_may(f, (size_t)(at - f->in)))
			return true;
		at += at + 1 < end && at[1] == '\\' ? 2 : 1;
	}
	return false;
}

/* scheme_may tells whether the '/' at `at` may belong to a "postgresql://" that is cut in pieces.
 */
static bool
scheme_may(const struct file *f, size_t at)
{
	static const char *const schemes[] = { "postgresql", "postgres" };
	bool two = at + 1 < f->n && f->in[at + 1] == '/';
	size_t end = at, begin;

	if (at == 0)
		return false;
	if (!two) /* ":/" "/" */
		return f->in[at - 1] == ':' && at + 1 < f->n && !word_byte(f->in[at + 1]);
	if (f->in[at - 1] != ':')
		return cut(f, at) && !tw_may_blank(f->in[at - 1]);
	for (begin = --end; begin > 0 && end - begin < BACK_MAX &&
	                    (word_byte(f->in[begin - 1]) || f->in[begin - 1] == '+');)
		begin--;
	if (!cut(f, begin))
		return false;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(schemes[i]), n = end - begin;

		if (n <= len && memcmp(f->in + begin, schemes[i] + len - n, n) == 0)
			return true;
	}
	return memchr(f->in + begin, '+', end - begin) != NULL;
}

/* schemes_may looks at every slash. */
static bool
schemes_may(const struct file *f)
{
	const char *at = f->in, *end = f->in + f->n;

	while ((at = memchr(at, '/', (size_t)(end - at))) != NULL) {
		if (scheme_may(f, (size_t)(at - f->in)))
			return true;
		at++;
	}
	return false;
}

bool
tw_dsn_may(const struct tw_source *src)
{
	tw_text_scanner *scan = tw_text_scanner_of(src->path);
	struct file f = { .in = src->bytes, .n = src->n };

	if (src->n == 0)
		return false;
	/* nothing but a blank need stand between a name and its value in them, and they are few */
	if (tw_pgpass_is(src->path) || scan == tw_text_properties)
		return true;
	f.keyed = scan == tw_text_json || scan == tw_text_yaml || scan == tw_text_ini ||
	          scan == tw_text_env || scan == tw_text_toml;
	f.colons = scan == tw_text_json || scan == tw_text_yaml || scan == tw_text_ini ||
	           scan == tw_text_env;
	f.code = scan == tw_text_python || scan == tw_text_go || scan == tw_text_js ||
	         scan == tw_text_java;
	f.apart = scan == tw_text_c || scan == tw_text_python;
	f.pieces = scan == tw_text_c || scan == tw_text_python || scan == tw_text_shell ||
	           scan == tw_text_dockerfile || scan == tw_text_unit;
	return memmem(f.in, f.n, "postgres", 8) != NULL || signs_may(&f, '=') || escapes_may(&f) ||
	       (f.colons && signs_may(&f, ':')) || (f.pieces && schemes_may(&f)) ||
	       (f.code && tw_dsn_may_names(src, scan == tw_text_java)) ||
	       (scan == tw_text_c && tw_dsn_variables(src)) ||
	       (scan == tw_text_c && memmem(f.in, f.n, "PQsetdb", 7) != NULL);
}
