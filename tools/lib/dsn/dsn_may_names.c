/* SPDX-License-Identifier: ISC */
/*
 * dsn_may_names.c: which programs' sources are worth a tokenizer for the values that have names in
 * them: those with a variable of libpq, or with the name of a port or a host before a sign that may
 * give it a value. It is asked of every file of a source tree, so it looks at signs only.
 */
#include "dsn_may.h"

#include <ctype.h>
#include <string.h>

/* variables_may looks for the variables of libpq; with `ports` also for any that ends with PORT. */
static bool
variables_may(const struct tw_source *src, bool ports)
{
	const char *at = src->bytes, *end = src->bytes + src->n;

	/* the shortest is PORT" */
	while (end - at >= 5 && (at = memchr(at, 'P', (size_t)(end - at - 4))) != NULL) {
		if (end - at >= 6 && (memcmp(at, "PGPORT", 6) == 0 || memcmp(at, "PGHOST", 6) == 0))
			return true;
		if (ports && memcmp(at, "PORT", 4) == 0 && tw_may_quote(at[4]))
			return true;
		at++;
	}
	return false;
}

bool
tw_dsn_variables(const struct tw_source *src)
{
	return variables_may(src, false);
}

/* name_before tells whether the text that ends at `end` ends with a word (in lower case), as a name
 * or its last part. */
static bool
name_before(const char *begin, const char *end, const char *word, size_t n)
{
	const char *at = end - n;

	if ((size_t)(end - begin) < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((at[i] | 0x20) != word[i])
			return false;
	}
	return at == begin || !isalnum((unsigned char)at[-1]) || isupper((unsigned char)*at);
}

bool
tw_dsn_may_end(const char *begin, const char *end)
{
	int last = end - begin < 4 ? 0 : end[-1] | 0x20, third = end - begin < 4 ? 0 : end[-3];

	if (last == 't')
		return (third | 0x20) == 'o' &&
		       (name_before(begin, end, "port", 4) || name_before(begin, end, "host", 4));
	if (last == 'r')
		return name_before(begin, end, "portnumber", 10);
	return last == 'e' && (name_before(begin, end, "servername", 10) ||
	                       name_before(begin, end, "hostname", 8));
}

/* before_sign tells whether a port or a host may be named before a sign, as a word or in quotes. */
static bool
before_sign(const char *begin, const char *sign)
{
	const char *at = sign;

	while (at > begin && tw_may_blank(at[-1]))
		at--;
	if (at > begin && tw_may_quote(at[-1]))
		at--;
	return tw_dsn_may_end(begin, at);
}

/* signs_may looks at every sign of a kind. */
static bool
signs_may(const struct tw_source *src, char sign)
{
	const char *at = src->bytes, *end = src->bytes + src->n;

	while ((at = memchr(at, sign, (size_t)(end - at))) != NULL) {
		if (before_sign(src->bytes, at))
			return true;
		at++;
	}
	return false;
}

bool
tw_dsn_may_names(const struct tw_source *src, bool setters)
{
	return signs_may(src, ',') || signs_may(src, setters ? '(' : ':') || tw_dsn_variables(src);
}
