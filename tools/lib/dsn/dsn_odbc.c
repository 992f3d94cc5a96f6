/* SPDX-License-Identifier: ISC */
/*
 * dsn_odbc.c: "Key=value;Key=value", as ODBC and Npgsql read it. Other databases have the same
 * grammar: it is PostgreSQL's if Driver says so, or by Npgsql's Host together with Username.
 */
#include "dsn_scan.h"

#include <strings.h>
#include <string.h>

/* What a key is to libpq; "" for the one that names the driver. */
struct alias {
	const char *name, *libpq;
};

static const struct alias aliases[] = {
	{ "driver", "" },          { "server", "host" },       { "servername", "host" },
	{ "host", "host" },        { "port", "port" },         { "database", "dbname" },
	{ "db", "dbname" },        { "uid", "user" },          { "user", "user" },
	{ "username", "user" },    { "user id", "user" },      { "userid", "user" },
	{ "pwd", "password" },     { "password", "password" }, { "sslmode", "sslmode" },
	{ "ssl mode", "sslmode" }, { "options", "options" },
};

/* One pair: its key, what that is to libpq (NULL: nothing), and the span of its value. */
struct pair {
	const char *name, *libpq;
	size_t name_len;
	struct tw_span value;
};

/* blanks is how many blanks stand at `at`. */
static size_t
blanks(const char *text)
{
	return strspn(text, " \t\r\n");
}

/* pair_value sets the span of the value at `at`, without its braces or quotes; returns its end. */
static size_t
pair_value(const char *text, size_t at, struct tw_span *value)
{
	char close = text[at] == '{' ? '}' : text[at];
	size_t end;

	if (text[at] != '{' && text[at] != '"' && text[at] != '\'') {
		end = at + strcspn(text + at, ";");
		*value = (struct tw_span){ at, end };
		while (value->end > at && blanks(text + value->end - 1) > 0)
			value->end--;
		return end;
	}
	for (end = at + 1; text[end] != '\0'; end++) {
		if (text[end] == close && text[end + 1] != close)
			break;
		end += text[end] == close;
	}
	*value = (struct tw_span){ at + 1, end };
	return end + (text[end] != '\0');
}

/* pair_next reads the pair at *at; false at the end, or, with *bad, where there is none. */
static bool
pair_next(const char *text, size_t *at, struct pair *p, bool *bad)
{
	size_t end;

	*at += strspn(text + *at, " \t\r\n;");
	if (text[*at] == '\0')
		return false;
	p->name = text + *at;
	p->name_len = strcspn(p->name, "=;");
	*bad = p->name[p->name_len] != '=';
	if (*bad)
		return false;
	*at += p->name_len + 1;
	while (p->name_len > 0 && blanks(p->name + p->name_len - 1) > 0)
		p->name_len--;
	*at += blanks(text + *at);
	end = pair_value(text, *at, &p->value);
	*at = end + blanks(text + end);
	*bad = text[*at] != '\0' && text[*at] != ';';
	p->libpq = NULL;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strlen(aliases[i].name) == p->name_len &&
		    strncasecmp(aliases[i].name, p->name, p->name_len) == 0)
			p->libpq = aliases[i].libpq;
	}
	return !*bad;
}

/* postgresql_is tells whether a driver's name, of n bytes, is one for PostgreSQL. */
static bool
postgresql_is(const char *driver, size_t n)
{
	static const char *const names[] = { "postgres", "psqlodbc" };

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < 2; j++) {
			if (n - i >= strlen(names[j]) &&
			    strncasecmp(driver + i, names[j], strlen(names[j])) == 0)
				return true;
		}
	}
	return false;
}

bool
tw_dsn_odbc_is(const char *text)
{
	bool bad = false, driver = false, ours = false, host = false, user = false;
	size_t at = 0;
	struct pair p;

	if (strchr(text, ';') == NULL)
		return false;
	while (pair_next(text, &at, &p, &bad)) {
		if (p.libpq != NULL && *p.libpq == '\0') {
			driver = true;
			ours = postgresql_is(text + p.value.begin, p.value.end - p.value.begin);
		}
		host = host || (p.name_len == 4 && strncasecmp(p.name, "host", 4) == 0);
		user = user || (p.name_len == 8 && strncasecmp(p.name, "username", 8) == 0);
	}
	return !bad && (driver ? ours : host && user);
}

bool
tw_dsn_scan_odbc(const char *text, struct tw_dsn *dsn, struct tw_err *e)
{
	unsigned seen = 0;
	bool bad = false;
	size_t at = 0;
	struct pair p;

	while (pair_next(text, &at, &p, &bad)) {
		const char *name = p.libpq != NULL ? p.libpq : "";
		struct tw_dsn_item item = { name, strlen(name), p.value, false };
		unsigned bit = strcmp(name, "host") == 0 ? 1 : strcmp(name, "port") == 0 ? 2 : 0;

		dsn->opaque = dsn->opaque || (seen & bit) != 0; /* which counts, drivers differ */
		seen |= bit;
		if (bit == 1) /* Npgsql's h:5432 */
			dsn->opaque = dsn->opaque || memchr(text + p.value.begin, ':',
			                                    p.value.end - p.value.begin) != NULL;
		if (!tw_dsn_note(dsn, &item, e))
			return false;
	}
	return true;
}

bool
tw_dsn_odbc_libpq(const char *text, struct tw_buf *out, struct tw_err *e)
{
	bool bad = false, ok = true;
	size_t at = 0;
	struct pair p;

	while (ok && pair_next(text, &at, &p, &bad)) {
		if (p.libpq == NULL || *p.libpq == '\0')
			continue;
		ok = tw_buf_printf(out, e, "%s='", p.libpq);
		for (size_t i = p.value.begin; ok && i < p.value.end; i++)
			ok = (strchr("'\\", text[i]) == NULL || tw_buf_puts(out, "\\", e)) &&
			     tw_buf_add(out, text + i, 1, e);
		ok = ok && tw_buf_puts(out, "' ", e);
	}
	return ok;
}
