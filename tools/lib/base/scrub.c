/* SPDX-License-Identifier: ISC */
/* scrub.c: finds the next secret, by value or by pattern, and puts three stars in its place. */
#include "scrub.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define STARS "***"
#define SCRAM "SCRAM-SHA-256$"

/* A stretch of text to hide; `from` NULL where there is none. */
struct stretch {
	const char *from, *to;
};

/* blanks_end is behind the blanks at `s`. */
static const char *
blanks_end(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/* word_end is behind the bytes at `s` that are no white space; a backslash takes the next byte
 * along. */
static const char *
word_end(const char *s, const char *end)
{
	while (s < end && !isspace((unsigned char)*s))
		s += *s == '\\' && s + 1 < end && s[1] != '\n' ? 2 : 1;
	return s;
}

/*
 * quoted_end is behind the closing quote of what begins with a quote at `s`, or at the end of the
 * line. A quote within may be doubled, as in SQL and PgBouncer's files, or behind a backslash, as
 * in libpq's.
 */
static const char *
quoted_end(const char *s, const char *end)
{
	char quote = *s++;

	for (; s < end && *s != '\n'; s++) {
		if (*s == '\\' && s + 1 < end && s[1] != '\n')
			s++;
		else if (*s == quote && s + 1 < end && s[1] == quote)
			s++;
		else if (*s == quote)
			return s + 1;
	}
	return s;
}

/* value_stretch is the value at `s`: in quotes, which stay, or a word. */
static struct stretch
value_stretch(const char *s, const char *end)
{
	const char *to;

	if (s == end || isspace((unsigned char)*s))
		return (struct stretch){ NULL, NULL };
	if (*s != '\'' && *s != '"')
		return (struct stretch){ s, word_end(s, end) };
	to = quoted_end(s, end);
	if (to - s < 2 || to[-1] != *s)
		return (struct stretch){ s + 1, to };
	/* Glued to it there may be more, where another grammar has begun the quotes elsewhere. */
	if (to < end && !isspace((unsigned char)*to) && strchr(",;)}]&\"'", *to) == NULL)
		return (struct stretch){ s, word_end(to, end) };
	return (struct stretch){ s + 1, to - 1 };
}

/* line_stretch is the rest of the line. */
static struct stretch
line_stretch(const char *s, const char *end)
{
	const char *newline = memchr(s, '\n', (size_t)(end - s));

	return (struct stretch){ s, newline != NULL ? newline : end };
}

/* password_stretch is what `s`, which is behind the word "password", introduces. */
static struct stretch
password_stretch(const char *s, const char *end)
{
	const char *at;

	if (s < end && *s == '\\')
		s++; /* JSON within a string */
	if (s < end && (*s == '"' || *s == '\''))
		s++;
	at = blanks_end(s, end);
	if (at < end && (*at == '=' || *at == ':')) {
		bool spaced = at > s;

		at = blanks_end(at + 1, end);
		if (at + 1 < end && *at == '\\' && at[1] == '"')
			at++;
		if (spaced && at < end && *at != '\'' && *at != '"')
			return line_stretch(at, end); /* an ini file's value may hold blanks */
		return value_stretch(at, end);
	}
	if (at == s)
		return (struct stretch){ NULL, NULL };
	if (at + 1 < end && (*at == 'E' || *at == 'e') && at[1] == '\'')
		at++;
	if (at + 2 < end && (*at == 'U' || *at == 'u') && at[1] == '&' && at[2] == '\'')
		at += 2;
	if (at < end && *at == '$')
		return line_stretch(at, end); /* $tag$ ... $tag$ */
	return at < end && *at == '\'' ? value_stretch(at, end) : (struct stretch){ NULL, NULL };
}

/*
 * uri_stretch is the password of a URI whose "://" ends at `s`: a user, a colon, and the last @.
 * Where the text was cut before its @, what is behind the colon is a password unless it is a port.
 */
static struct stretch
uri_stretch(const char *s, const char *end)
{
	const char *colon = NULL, *at = NULL, *stop = NULL, *p = s, *digits;

	for (; p < end && !isspace((unsigned char)*p); p++) {
		if (stop == NULL && (*p == '"' || *p == '<' || *p == '>'))
			stop = p; /* the URI ends here, but where an @ follows: a password may hold
			             them */
		if (*p == ':' && colon == NULL && stop == NULL)
			colon = p;
		else if (*p == '@')
			at = p;
	}
	if (at == NULL && stop != NULL)
		p = stop;
	if (colon == NULL)
		return (struct stretch){ NULL, NULL };
	if (at != NULL)
		return at > colon + 1 ? (struct stretch){ colon + 1, at }
		                      : (struct stretch){ NULL, NULL };
	digits = colon + 1;
	while (digits < p && isdigit((unsigned char)*digits))
		digits++;
	if (*s == '[' || digits == p || memchr("/?#,'.;)]", *digits, 9) != NULL)
		return (struct stretch){ NULL, NULL };
	return (struct stretch){ colon + 1, p };
}

/* scram_stretch is the rest of a secret: a word that may stand in quotes. */
static struct stretch
scram_stretch(const char *s, const char *end)
{
	const char *to = s;

	while (to < end && !isspace((unsigned char)*to) && *to != '"' && *to != '\'')
		to++;
	return to > s ? (struct stretch){ s, to } : (struct stretch){ NULL, NULL };
}

/* md5_stretch is PostgreSQL's older secret: exactly 32 hexadecimal digits. */
static struct stretch
md5_stretch(const char *s, const char *end)
{
	const char *to = s;

	while (to < end && isxdigit((unsigned char)*to))
		to++;
	return to - s == 32 ? (struct stretch){ s, to } : (struct stretch){ NULL, NULL };
}

/* stretch_at is what a pattern that begins at `s` hides. */
static struct stretch
stretch_at(const char *s, const char *end)
{
	static const struct {
		const char *word;
		struct stretch (*find)(const char *s, const char *end);
	} patterns[] = {
		{ "password", password_stretch }, { "passwd", password_stretch },
		{ "://", uri_stretch },           { SCRAM, scram_stretch },
		{ "md5", md5_stretch },
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		size_t n = strlen(patterns[i].word);
		struct stretch found;

		if ((size_t)(end - s) < n || strncasecmp(s, patterns[i].word, n) != 0)
			continue;
		found = patterns[i].find(s + n, end);
		if (found.from != NULL)
			return found;
	}
	return (struct stretch){ NULL, NULL };
}

/* value_length is the length of the longest of the secrets that stands at `s`; 0 for none. */
static size_t
value_length(const char *s, const char *end, const char *const *secrets, size_t count)
{
	size_t longest = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n = secrets[i] != NULL ? strlen(secrets[i]) : 0;

		if (n > longest && n <= (size_t)(end - s) && memcmp(s, secrets[i], n) == 0)
			longest = n;
	}
	return longest;
}

/* values_hide appends the text with stars for each of the secrets. */
static bool
values_hide(const char *s, const char *end, const char *const *secrets, size_t count,
            struct tw_buf *out, struct tw_err *e)
{
	const char *kept = s;

	while (s < end) {
		size_t n = value_length(s, end, secrets, count);

		if (n == 0) {
			s++;
			continue;
		}
		if (!tw_buf_add(out, kept, (size_t)(s - kept), e) || !tw_buf_puts(out, STARS, e))
			return false;
		kept = s += n;
	}
	return tw_buf_add(out, kept, (size_t)(end - kept), e);
}

/* patterns_hide appends the text with stars for what a pattern introduces. */
static bool
patterns_hide(const char *s, const char *end, struct tw_buf *out, struct tw_err *e)
{
	const char *kept = s;

	while (s < end) {
		struct stretch found = stretch_at(s, end);

		if (found.from == NULL || found.to <= found.from) {
			s++;
			continue;
		}
		if (!tw_buf_add(out, kept, (size_t)(found.from - kept), e) ||
		    !tw_buf_puts(out, STARS, e))
			return false;
		kept = s = found.to;
	}
	return tw_buf_add(out, kept, (size_t)(end - kept), e);
}

bool
tw_scrub(const char *text, size_t n, const char *const *secrets, size_t count, struct tw_buf *out,
         struct tw_err *e)
{
	struct tw_buf plain = TW_BUF_INIT;
	bool ok = values_hide(text, text + n, secrets, count, &plain, e) &&
	          patterns_hide(tw_buf_text(&plain), tw_buf_text(&plain) + plain.len, out, e);

	tw_buf_free(&plain);
	return ok;
}

void
tw_scrub_text(char *text, size_t size)
{
	struct tw_buf clean = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	bool ok = tw_scrub(text, strlen(text), NULL, 0, &clean, &ignored);

	snprintf(text, size, "%s", ok ? tw_buf_text(&clean) : "");
	tw_buf_free(&clean);
}
