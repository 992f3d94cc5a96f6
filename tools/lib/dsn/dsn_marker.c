/* SPDX-License-Identifier: ISC */
/*
 * dsn_marker.c: texts that libpq cannot read as they are. Markers, which the program replaces
 * before it connects, become words of the same length, so that every span stays valid; and of the
 * forms that other drivers read, the part that libpq understands is written as libpq spells it.
 */
#include "dsn_scan.h"

#include <ctype.h>
#include <string.h>

/* The markers between brackets; the innards of a `plain` one are one word or expression. */
struct bracket {
	const char *open, *close;
	bool percent, plain;
};

static const struct bracket brackets[] = {
	{ "${", "}", false, false }, { "{{", "}}", false, false }, { "#{", "}", false, false },
	{ "$(", ")", false, false }, { "<%", "%>", false, false }, { "%(", ")s", true, true },
	{ "%(", ")d", true, true },  { "{", "}", false, true },
};

/* bracket_length is the length of a marker that the text begins with, or 0. */
static size_t
bracket_length(const struct bracket *b, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_.:!'\"[]-";
	size_t open = strlen(b->open), close = strlen(b->close), depth = 1;

	if (*text != *b->open || strncmp(text, b->open, open) != 0)
		return 0;
	for (size_t at = open; text[at] != '\0' && text[at] != '\n'; at++) {
		if (strncmp(text + at, b->close, close) == 0 && --depth == 0)
			return at + close;
		if (b->plain && strchr(plain, text[at]) == NULL)
			return 0;
		depth += close == 1 && text[at] == b->open[open - 1];
	}
	return 0;
}

/* percent_length is the length of %NAME% or of a conversion such as %s, or 0. */
static size_t
percent_length(const char *text)
{
	size_t n = strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (n > 0 && text[n + 1] == '%')
		return n + 2;
	if (isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2]))
		return 0; /* a byte of a URI */
	n = text[1] == 'l';
	return text[n + 1] != '\0' && strchr("sdiuvq", text[n + 1]) != NULL ? n + 2 : 0;
}

/* marker_length is tw_dsn_marker; without `percent`, those that begin with '%' are none. */
static size_t
marker_length(const char *text, bool percent)
{
	size_t n = 0;

	if (*text == '\0' || strchr("$%{#<", *text) == NULL)
		return 0;
	for (size_t i = 0; n == 0 && i < sizeof(brackets) / sizeof(brackets[0]); i++) {
		if (percent || !brackets[i].percent)
			n = bracket_length(&brackets[i], text);
	}
	if (n == 0 && *text == '%' && percent)
		n = percent_length(text);
	if (n == 0 && *text == '$' && (isalpha((unsigned char)text[1]) || text[1] == '_')) {
		for (n = 2; isalnum((unsigned char)text[n]) || text[n] == '_'; n++)
			;
	}
	return n;
}

size_t
tw_dsn_marker(const char *text)
{
	return marker_length(text, true);
}

bool
tw_dsn_marked(const char *text)
{
	while (*(text += strcspn(text, "$%{#<")) != '\0') {
		if (tw_dsn_marker(text++) > 0)
			return true;
	}
	return false;
}

bool
tw_dsn_plain(const char *text, bool percent, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	while (ok && *text != '\0') {
		size_t n = marker_length(text, percent), rest = 1 + strcspn(text + 1, "$%{#<");

		if (n == 0) {
			ok = tw_buf_add(out, text, rest, e);
			text += rest;
		}
		for (; ok && n > 0; n--, text++)
			ok = tw_buf_puts(out, "m", e);
	}
	return ok;
}

/* A parameter of another driver's URL that libpq shall judge, and its name there. */
struct parameter {
	const char *name, *libpq;
	bool jdbc; /* JDBC has it; SQLAlchemy has all of libpq's */
};

static const struct parameter parameters[] = {
	{ "host", "host", false },
	{ "hostaddr", "hostaddr", false },
	{ "port", "port", false },
	{ "dbname", "dbname", false },
	{ "service", "service", false },
	{ "user", "user", true },
	{ "options", "options", true },
	{ "replication", "replication", true },
	{ "channel_binding", "channel_binding", true },
	{ "channelBinding", "channel_binding", true },
	{ "sslmode", "sslmode", true },
	{ "ssl", "ssl", true },
	{ "gssencmode", "gssencmode", true },
	{ "gssEncMode", "gssencmode", true },
	{ "target_session_attrs", "target_session_attrs", false },
	{ "targetServerType", "target_session_attrs", true },
};

/* parameter_of is libpq's name of a parameter of n bytes, or NULL. */
static const char *
parameter_of(const char *name, size_t n, enum tw_dsn_form form)
{
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameter *p = &parameters[i];

		if (strlen(p->name) == n && memcmp(p->name, name, n) == 0 &&
		    (p->jdbc || form == TW_DSN_SQLALCHEMY))
			return p->libpq;
	}
	return NULL;
}

/* url_libpq writes the URL of another driver as a URI of libpq's. */
static bool
url_libpq(const char *text, enum tw_dsn_form form, size_t prefix, struct tw_buf *out,
          struct tw_err *e)
{
	size_t at = prefix + strcspn(text + prefix, "?");
	const char *sign = "?";
	bool ok = tw_buf_puts(out, text[prefix - 1] == ':' ? "postgresql:///" : "postgresql://",
	                      e) &&
	          tw_buf_add(out, text + prefix, at - prefix, e);

	for (at += text[at] == '?'; ok && text[at] != '\0'; at += text[at] == '&') {
		size_t name = strcspn(text + at, "=&"), all = strcspn(text + at, "&");
		const char *libpq = parameter_of(text + at, name, form);

		if (libpq != NULL && name < all) {
			ok = tw_buf_printf(out, e, "%s%s=", sign, libpq) &&
			     tw_buf_add(out, text + at + name + 1, all - name - 1, e);
			sign = "&";
		}
		at += all;
	}
	return ok;
}

bool
tw_dsn_libpq(const char *text, struct tw_buf *out, struct tw_err *e)
{
	enum tw_dsn_form form = tw_dsn_form_of(text);

	if (form == TW_DSN_ODBC)
		return tw_dsn_odbc_libpq(text, out, e);
	if (form == TW_DSN_JDBC || form == TW_DSN_SQLALCHEMY)
		return url_libpq(text, form, tw_dsn_prefix(text), out, e);
	return tw_buf_puts(out, text, e);
}
