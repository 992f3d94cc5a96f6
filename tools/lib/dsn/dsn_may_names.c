/* SPDX-License-Identifier: ISC */
/*
 * dsn_may_names.c: which programs' sources are worth a tokenizer for the values that have names in
 * them: those with a variable of libpq, with a driver of PostgreSQL, or with a name that ends with
 * "port" where it may be given a value.
 */
#include "dsn_setting.h"
#include "text_code.h"

#include <string.h>

bool
tw_dsn_variables(const struct tw_source *src)
{
	return memmem(src->bytes, src->n, "PGPORT", 6) != NULL ||
	       memmem(src->bytes, src->n, "PGHOST", 6) != NULL;
}

/* blanks_skip goes past blanks. */
static const char *
blanks_skip(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
		at++;
	return at;
}

/* given tells whether a name that ends before `at` may be given a value there. */
static bool
given(const char *at, const char *end)
{
	if (end - at >= 6 && memcmp(at, "Number", 6) == 0)
		at += 6;
	if (at < end && strchr("\"'`", *at) != NULL)
		at++;
	at = blanks_skip(at, end);
	if (at < end && *at == ']')
		at = blanks_skip(at + 1, end);
	/* a comment or a spliced line may come before it */
	return at < end && strchr("=:,(}/#\\", *at) != NULL;
}

/* ports_may looks at every "port" of one spelling. */
static bool
ports_may(const struct tw_source *src, const char *port)
{
	const char *at = src->bytes, *end = src->bytes + src->n;

	while ((at = memmem(at, (size_t)(end - at), port, 4)) != NULL) {
		at += 4;
		if (given(at, end))
			return true;
	}
	return false;
}

bool
tw_dsn_may_names(const struct tw_source *src, const struct tw_names_style *style)
{
	return tw_dsn_variables(src) || tw_names_driver(src, style) || ports_may(src, "port") ||
	       ports_may(src, "Port") || ports_may(src, "PORT");
}
