/* SPDX-License-Identifier: ISC */
/*
 * encode.c: the grammars as rows. Sources: PgBouncer's lib/usual/cfparser.c (ini), and
 * src/loader.c: cstr_unquote_value (conn), load_auth_file (auth); src/hba.c reads "..." alike.
 * systemd.syntax(7) and crontab(5) give a meaning to blanks, quotes, \\, % and $ (word).
 */
#include "encode.h"

#include <ctype.h>
#include <string.h>

struct encoder {
	const char *name;
	char doubled; /* the quote that is doubled, or 0 */
	bool empty;   /* whether the empty value can be written */
	bool trimmed; /* whether the reader drops blanks at the ends */
	bool plain;   /* whether only WORD_BYTES can be written */
};

#define WORD_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:,@"

static const struct encoder encoders[] = {
	{ "ini", '\0', false, true, false }, { "conn", '\'', false, false, false },
	{ "auth", '"', true, false, false }, { "word", '\0', false, false, true },
	{ NULL, '\0', false, false, false },
};

/* encoder_find is the row of an encoder, or NULL. */
static const struct encoder *
encoder_find(const char *name)
{
	for (const struct encoder *c = encoders; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* value_check refuses what the grammar cannot hold. */
static bool
value_check(const struct encoder *c, const char *value, struct tw_err *e)
{
	size_t n = strlen(value);

	if (n == 0)
		return c->empty || tw_fail(e, EX_DATAERR, "is empty");
	if (c->trimmed && (value[0] == ' ' || value[n - 1] == ' '))
		return tw_fail(e, EX_DATAERR, "begins or ends with a blank");
	if (c->plain && strspn(value, WORD_BYTES) < n)
		return tw_fail(e, EX_DATAERR,
		               "contains a byte other than letters, digits and "
		               "/._-+:,@");
	for (size_t i = 0; i < n; i++) {
		if (iscntrl((unsigned char)value[i]))
			return tw_fail(e, EX_DATAERR, "contains the control byte 0x%02x",
			               (unsigned char)value[i]);
	}
	return true;
}

bool
tw_encode_known(const char *encoder)
{
	return encoder_find(encoder) != NULL;
}

bool
tw_encode(const char *encoder, const char *value, struct tw_buf *out, struct tw_err *e)
{
	const struct encoder *c = encoder_find(encoder);
	struct tw_buf own = TW_BUF_INIT;
	bool ok = true;

	if (c == NULL)
		return tw_fail(e, EX_DATAERR, "unknown encoder '%s'", encoder);
	if (!value_check(c, value, e))
		return false;
	for (const char *s = value; ok && *s != '\0'; s++) {
		ok = tw_buf_add(&own, s, 1, e);
		if (ok && *s == c->doubled)
			ok = tw_buf_add(&own, s, 1, e);
	}
	ok = ok && tw_buf_add(out, own.data, own.len, e);
	tw_buf_free(&own);
	return ok;
}
