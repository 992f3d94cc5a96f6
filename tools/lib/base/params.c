/* SPDX-License-Identifier: ISC */
/* params.c: the parameters of a connection, from site.json's values or from a DSN argument. */
#include "dsn/dsn_plan.h"
#include "file.h"
#include "pg/pg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* value_free wipes and frees a string. */
static void
value_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
tw_pg_params_free(struct tw_pg_params *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->keyword[i]);
		value_free(p->value[i]);
	}
	*p = (struct tw_pg_params)TW_PG_PARAMS_INIT;
}

/* params_index is the place of a keyword, or p->n. */
static size_t
params_index(const struct tw_pg_params *p, const char *keyword)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->keyword[i], keyword) != 0)
		i++;
	return i;
}

const char *
tw_pg_params_get(const struct tw_pg_params *p, const char *keyword)
{
	size_t i = params_index(p, keyword);

	return i < p->n ? p->value[i] : NULL;
}

bool
tw_pg_params_set(struct tw_pg_params *p, const char *keyword, const char *value, struct tw_err *e)
{
	size_t i = params_index(p, keyword);
	char *word, *copy;

	if (i == TW_PG_KEYWORDS)
		return tw_fail(e, EX_SOFTWARE, "too many connection keywords");
	copy = strdup(value);
	word = i < p->n ? p->keyword[i] : strdup(keyword);
	if (copy == NULL || word == NULL) {
		value_free(copy);
		if (i == p->n)
			free(word);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	value_free(p->value[i]);
	p->keyword[i] = word;
	p->value[i] = copy;
	p->n += i == p->n;
	return true;
}

bool
tw_pg_params_default(struct tw_pg_params *p, const char *keyword, const char *value,
                     struct tw_err *e)
{
	return tw_pg_params_get(p, keyword) != NULL || tw_pg_params_set(p, keyword, value, e);
}

/*
 * params_simple reads "host=/run/pgbouncer port=6432": text about which there can be no two opinions,
 * since its values are of letters, digits and ._/:- alone. False for any other, which is libpq's to
 * read; loading libpq takes longer than all that such a connection is asked.
 */
static bool
params_simple(struct tw_pg_params *p, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const keywords[] = { "host", "port", "user", "dbname" };
	struct tw_err ignored = TW_ERR_INIT;
	char value[256];

	while (*text != '\0') {
		size_t k = 0, n = strcspn(text, "="), length = 0;

		while (k < sizeof(keywords) / sizeof(*keywords) &&
		       (strlen(keywords[k]) != n || strncmp(keywords[k], text, n) != 0))
			k++;
		if (k == sizeof(keywords) / sizeof(*keywords) || text[n] != '=')
			return false;
		text += n + 1;
		while (*text != '\0' && *text != ' ' && length + 1 < sizeof(value)) {
			if (strchr(letters, *text) == NULL && strchr("0123456789._/:-", *text) == NULL)
				return false;
			value[length++] = *text++;
		}
		value[length] = '\0';
		if (length == 0 || (*text != ' ' && *text != '\0') ||
		    !tw_pg_params_set(p, keywords[k], value, &ignored))
			return false;
		text += *text == ' ';
	}
	return p->n > 0;
}

/* params_parse reads connection text. libpq's own message would repeat parts of it. */
static bool
params_parse(struct tw_pg_params *p, const char *text, struct tw_err *e)
{
	struct tw_pg_params simple = TW_PG_PARAMS_INIT;
	PQconninfoOption *all;
	char *why = NULL;
	bool ok;

	if (params_simple(&simple, text)) {
		*p = simple;
		return true;
	}
	tw_pg_params_free(&simple);
	all = PQconninfoParse(text, &why);
	ok = all != NULL;

	value_free(why);
	if (!ok)
		return tw_fail(e, EX_DATAERR, "is not connection text that libpq reads");
	for (const PQconninfoOption *o = all; ok && o->keyword != NULL; o++)
		ok = o->val == NULL || tw_pg_params_set(p, o->keyword, o->val, e);
	PQconninfoFree(all);
	return ok;
}

/* params_parse_db is params_parse after the first %DB% has become `db`, as the server does it. */
static bool
params_parse_db(struct tw_pg_params *p, const char *text, const char *db, struct tw_err *e)
{
	const char *at = db != NULL ? strstr(text, "%DB%") : NULL;
	struct tw_buf whole = TW_BUF_INIT;
	bool ok;

	if (at == NULL)
		return params_parse(p, text, e);
	ok = tw_buf_add(&whole, text, (size_t)(at - text), e) && tw_buf_puts(&whole, db, e) &&
	     tw_buf_puts(&whole, at + 4, e) && params_parse(p, tw_buf_text(&whole), e);
	tw_buf_free(&whole);
	return ok;
}

/* located_params reads the DSN that `arg` means in a file of a kind that twpool-dsn reads. */
static bool
located_params(const char *arg, const struct tw_dsn_locator *l, const char *db,
               struct tw_pg_params *p, struct tw_err *e)
{
	static const struct tw_dsn_wanted any = { 0 };
	struct tw_buf bytes = TW_BUF_INIT, notes = TW_BUF_INIT;
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_source src;
	size_t index = 0;
	bool ok = tw_dsn_load(l->path, false, &bytes, NULL, &list, e);

	src = (struct tw_source){ l->path, bytes.data, bytes.len, false };
	ok = ok && tw_dsn_select(&src, &list, l, &any, &index, &notes, e) &&
	     (params_parse_db(p, tw_buf_text(&list.item[index].text), db, e) ||
	      tw_context(e, "%s", arg));
	tw_dsn_list_free(&list);
	tw_buf_free(&notes);
	tw_buf_free(&bytes);
	return ok;
}

/* text_params reads a file that is connection text as a whole. */
static bool
text_params(const char *path, const char *db, struct tw_pg_params *p, struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT;
	bool ok = tw_file_read(path, TW_FILE_LIMIT, &text, NULL, e);
	const char *start;

	if (ok) {
		start = tw_buf_text(&text);
		start += strspn(start, " \t\r\n");
		while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
			text.data[--text.len] = '\0'; /* a URI cannot end in a newline */
		if (strlen(tw_buf_text(&text)) != text.len)
			ok = tw_fail(e, EX_DATAERR, "holds a NUL byte");
		ok = (ok && params_parse_db(p, start, db, e)) || tw_context(e, "%s", path);
	}
	tw_buf_free(&text);
	return ok;
}

/* file_params reads FILE, FILE#/json/pointer or FILE:LINE, whatever the file's grammar. */
static bool
file_params(const char *arg, const char *db, struct tw_pg_params *p, struct tw_err *e)
{
	struct tw_dsn_locator l = TW_DSN_LOCATOR_INIT;
	bool ok = tw_dsn_locator_parse(arg, &l, e);

	if (ok && tw_text_known(l.path))
		ok = located_params(arg, &l, db, p, e);
	else if (ok)
		ok = text_params(l.path, db, p, e);
	tw_dsn_locator_free(&l);
	return ok;
}

/*
 * params_plain refuses a DSN within a DSN: libpq takes it for a name, and with its password it
 * would come back in messages and labels.
 */
static bool
params_plain(const struct tw_pg_params *p, int exit, struct tw_err *e)
{
	const char *dbname = tw_pg_params_get(p, "dbname"), *host = tw_pg_params_get(p, "host");

	if (dbname != NULL && (strstr(dbname, "://") != NULL || strchr(dbname, '=') != NULL))
		return tw_fail(e, exit, "the DSN's dbname is itself connection text");
	if (host != NULL && strpbrk(host, "@;=") != NULL)
		return tw_fail(e, exit, "the DSN's host is not the name of a host");
	return true;
}

bool
tw_pg_dsn_read(const char *arg, const char *db, struct tw_pg_params *p, struct tw_err *e)
{
	struct tw_pg_params own = TW_PG_PARAMS_INIT;
	bool ok;

	if (*arg == '@') {
		ok = file_params(arg + 1, db, &own, e) && params_plain(&own, EX_DATAERR, e);
	} else {
		ok = params_parse_db(&own, arg, db, e) && params_plain(&own, EX_USAGE, e);
		if (!ok && e->exit == EX_DATAERR)
			tw_fail(e, EX_USAGE, "the DSN is not connection text that libpq reads");
		if (ok &&
		    (tw_pg_params_get(&own, "password") || tw_pg_params_get(&own, "sslpassword"))) {
			ok = tw_fail(e, EX_USAGE,
			             "the DSN holds a password, and every user can see arguments");
			tw_hint(e, "put the DSN into a file and say @FILE, or use a passfile.");
		}
	}
	if (!ok) {
		tw_pg_params_free(&own);
		return false;
	}
	tw_pg_params_free(p);
	*p = own;
	return true;
}
