/* SPDX-License-Identifier: ISC */
/*
 * dsn_scan.c: the two grammars of conninfo_parse and conninfo_uri_parse_options (libpq 15,
 * fe-connect.c), reduced to where things stand. They need not refuse: libpq has read the text.
 */
#include "dsn_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Decoded keywords longer than libpq's longest are none of ours. */
#define KEY_SIZE 64

const char *
tw_dsn_keyword(enum tw_dsn_key key)
{
	static const char *const names[TW_DSN_KEYS] = {
		"host",    "hostaddr",    "port",
		"dbname",  "user",        "service",
		"options", "replication", "channel_binding",
		"sslmode", "gssencmode",  "target_session_attrs",
	};

	return names[key];
}

/* key_is tells whether an item has this keyword. */
static bool
key_is(const struct tw_dsn_item *item, const char *keyword)
{
	return strlen(keyword) == item->key_len && memcmp(keyword, item->key, item->key_len) == 0;
}

bool
tw_dsn_note(struct tw_dsn *dsn, const struct tw_dsn_item *item, struct tw_err *e)
{
	/* what libpq 15 to 18 mark with '*': dispchar of PQconninfoOptions */
	static const char *const secrets[] = { "password", "sslpassword", "oauth_client_secret",
		                               "scram_client_key", "scram_server_key" };
	struct tw_span *grown;

	for (size_t i = 0; i < TW_DSN_KEYS; i++) {
		if (key_is(item, tw_dsn_keyword((enum tw_dsn_key)i))) {
			dsn->span[i] = item->span;
			dsn->parameter[i] = item->parameter;
		}
	}
	/* libpq makes an sslmode of this old keyword, in its own words (fe-connect.c, conninfo_storeval). */
	if (key_is(item, "requiressl"))
		dsn->span[TW_DSN_SSLMODE] = (struct tw_span){ 0, 0 };
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (!key_is(item, secrets[i]))
			continue;
		grown = reallocarray(dsn->secret, dsn->secrets + 1, sizeof(*grown));
		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		dsn->secret = grown;
		dsn->secret[dsn->secrets++] = item->span;
	}
	return true;
}

/* url_of is the length of a URL's prefix and its form; KEYWORD and 0 where it is no URL. */
static size_t
url_of(const char *text, enum tw_dsn_form *form)
{
	static const struct {
		const char *prefix;
		enum tw_dsn_form form;
	} rows[] = {
		{ "postgresql://", TW_DSN_URI },       { "postgres://", TW_DSN_URI },
		{ "jdbc:postgresql://", TW_DSN_JDBC }, { "jdbc:postgresql:", TW_DSN_JDBC },
		{ "postgresql+", TW_DSN_SQLALCHEMY },  { "postgres+", TW_DSN_SQLALCHEMY },
	};

	*form = TW_DSN_KEYWORD;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].prefix), driver;

		if (strncmp(text, rows[i].prefix, n) != 0)
			continue;
		*form = rows[i].form;
		if (*form != TW_DSN_SQLALCHEMY)
			return n;
		driver = strspn(text + n, "abcdefghijklmnopqrstuvwxyz0123456789_");
		if (driver > 0 && strncmp(text + n + driver, "://", 3) == 0)
			return n + driver + 3;
		*form = TW_DSN_KEYWORD;
	}
	return 0;
}

size_t
tw_dsn_prefix(const char *text)
{
	enum tw_dsn_form form;

	return url_of(text, &form);
}

enum tw_dsn_form
tw_dsn_form_of(const char *text)
{
	enum tw_dsn_form form;

	if (url_of(text, &form) == 0 && tw_dsn_odbc_is(text))
		return TW_DSN_ODBC;
	return form;
}

/* blank is isspace in the C locale, for bytes. */
static bool
blank(char c)
{
	return isspace((unsigned char)c) != 0;
}

/* keyword_value goes past a value at `at` and sets its span; *open_end as in struct tw_dsn. */
static size_t
keyword_value(const char *text, size_t at, struct tw_span *span, bool *open_end)
{
	bool quoted = text[at] == '\'', dangling = false;

	at += quoted;
	span->begin = at;
	while (text[at] != '\0' && (quoted ? text[at] != '\'' : !blank(text[at]))) {
		dangling = text[at] == '\\' && text[at + 1] == '\0';
		at += text[at] == '\\' && text[at + 1] != '\0' ? 2 : 1;
	}
	span->end = at;
	*open_end = !quoted && (span->begin == span->end || dangling);
	return quoted && text[at] == '\'' ? at + 1 : at;
}

bool
tw_dsn_scan_keywords(const char *text, struct tw_dsn *dsn, struct tw_err *e)
{
	size_t at = 0;

	for (;;) {
		struct tw_dsn_item item = { .parameter = false };

		while (blank(text[at]))
			at++;
		if (text[at] == '\0')
			return true;
		item.key = text + at;
		while (text[at] != '\0' && text[at] != '=' && !blank(text[at]))
			at++;
		item.key_len = (size_t)(text + at - item.key);
		while (blank(text[at]))
			at++;
		at += text[at] == '=';
		while (blank(text[at]))
			at++;
		at = keyword_value(text, at, &item.span, &dsn->open_end);
		if (!tw_dsn_note(dsn, &item, e))
			return false;
	}
}

/* nibble is the value of a hexadecimal digit, or -1. */
static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* key_decode takes percent-encoding off a parameter's keyword; returns its length. */
static size_t
key_decode(const char *text, size_t n, char key[KEY_SIZE])
{
	size_t len = 0;

	for (size_t i = 0; i < n && len < KEY_SIZE; i++) {
		key[len] = text[i];
		if (text[i] == '%' && i + 2 < n && nibble(text[i + 1]) >= 0 &&
		    nibble(text[i + 2]) >= 0) {
			key[len] = (char)(nibble(text[i + 1]) << 4 | nibble(text[i + 2]));
			i += 2;
		}
		len++;
	}
	return len;
}

/*
 * jdbc_parameter tells whether a parameter of JDBC's URL means what it does to libpq. Its driver
 * ignores "host" and "port" there, and looks elsewhere for them because of some others.
 */
static bool
jdbc_parameter(const struct tw_dsn_item *item, struct tw_dsn *dsn)
{
	dsn->opaque = dsn->opaque || key_is(item, "service") || key_is(item, "PGHOST") ||
	              key_is(item, "PGPORT");
	return !key_is(item, "host") && !key_is(item, "hostaddr") && !key_is(item, "port") &&
	       !key_is(item, "dbname") && !key_is(item, "service");
}

/* uri_parameters notes what stands after the '?'. */
static bool
uri_parameters(const char *text, size_t at, struct tw_dsn *dsn, struct tw_err *e)
{
	while (text[at] != '\0') {
		size_t begin = at;
		char key[KEY_SIZE];
		struct tw_dsn_item item = { .key = key, .parameter = true };

		at += strcspn(text + at, "=&");
		item.key_len = key_decode(text + begin, at - begin, key);
		at += text[at] == '=';
		item.span.begin = at;
		at += strcspn(text + at, "&");
		item.span.end = at;
		at += text[at] == '&';
		if (dsn->form == TW_DSN_JDBC && !jdbc_parameter(&item, dsn))
			continue;
		if (!tw_dsn_note(dsn, &item, e))
			return false;
	}
	return true;
}

/* uri_note notes an item of the part before the '?', unless its text is empty (libpq: absent). */
static bool
uri_note(struct tw_dsn *dsn, const char *key, size_t begin, size_t end, struct tw_err *e)
{
	struct tw_dsn_item item = { key, strlen(key), { begin, end }, false };

	return begin == end || tw_dsn_note(dsn, &item, e);
}

/* uri_user goes past "user:password@", which ends at the first '@' that no '/' comes before. */
static bool
uri_user(const char *text, size_t *at, struct tw_dsn *dsn, struct tw_err *e)
{
	size_t begin = *at, end = begin + strcspn(text + begin, "@/"), colon;

	if (text[end] != '@')
		return true;
	colon = begin + strcspn(text + begin, ":@");
	*at = end + 1;
	return uri_note(dsn, "user", begin, colon, e) &&
	       (colon == end || uri_note(dsn, "password", colon + 1, end, e));
}

/*
 * host_end is where the host at `at` ends; one in brackets may hold any byte but ']'. They may be
 * open where libpq has read another text: what JDBC has no name for stands before its '@'.
 */
static size_t
host_end(const char *text, size_t at)
{
	size_t close = at + strcspn(text + at, "]");

	if (text[at] == '[' && text[close] == ']')
		return close + 1;
	return at + strcspn(text + at, ":/?,");
}

/* uri_authority goes past "host:port,host:port", and notes the first pair. */
static bool
uri_authority(const char *text, size_t *at, struct tw_dsn *dsn, struct tw_err *e)
{
	size_t begin = *at, end = host_end(text, begin), port_end;

	dsn->host = (struct tw_span){ begin, end };
	dsn->colon = text[end] == ':';
	dsn->port_at = end + dsn->colon;
	*at = port_end = dsn->port_at + (dsn->colon ? strcspn(text + dsn->port_at, "/?,") : 0);
	while (text[*at] == ',') {
		*at = host_end(text, *at + 1);
		*at += text[*at] == ':' ? strcspn(text + *at, "/?,") : 0;
	}
	dsn->hosts = (struct tw_span){ begin, *at };
	return uri_note(dsn, "host", begin, end, e) &&
	       uri_note(dsn, "port", dsn->port_at, port_end, e);
}

bool
tw_dsn_scan_uri(const char *text, struct tw_dsn *dsn, struct tw_err *e)
{
	size_t at = tw_dsn_prefix(text), end;

	dsn->no_authority = text[at - 1] == ':';
	dsn->hosts = dsn->host = (struct tw_span){ at, at };
	if (!dsn->no_authority && ((dsn->form != TW_DSN_JDBC && !uri_user(text, &at, dsn, e)) ||
	                           !uri_authority(text, &at, dsn, e)))
		return false;
	at = dsn->hosts.end;
	end = at + strcspn(text + at, "?");
	if ((text[at] == '/' || dsn->no_authority) &&
	    !uri_note(dsn, "dbname", at + !dsn->no_authority, end, e))
		return false;
	/* an '@' that is left over: a password with '/' or '@' in it, cut off where libpq cuts */
	dsn->opaque = dsn->opaque ||
	              memchr(text + dsn->host.begin, '@', end - dsn->host.begin) != NULL;
	return text[end] == '\0' || uri_parameters(text, end + 1, dsn, e);
}
