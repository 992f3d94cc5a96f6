/* SPDX-License-Identifier: ISC */
/* dsn.c: reads DSNs with libpq, shows them without passwords, and proves that a change is right. */
#include "dsn_scan.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

const char *
tw_dsn_form_name(enum tw_dsn_form form)
{
	static const char *const names[] = { "keyword", "uri", "jdbc", "sqlalchemy", "odbc" };

	return names[form];
}

/* options_free wipes the values before libpq frees them. */
static void
options_free(PQconninfoOption *options)
{
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		if (o->val != NULL)
			explicit_bzero(o->val, strlen(o->val));
	}
	PQconninfoFree(options);
}

/* options_parse is PQconninfoParse; its error text quotes the input and is thrown away. */
static PQconninfoOption *
options_parse(const char *text)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(text, &why);

	if (why != NULL) {
		explicit_bzero(why, strlen(why));
		PQfreemem(why);
	}
	return options;
}

/*
 * options_read has libpq read a text, markers taken for words: those that begin with '%' only if it
 * cannot be read otherwise. *options is NULL if it cannot be read; `plain`, unless NULL, gets what
 * was read, with every byte where it stands in the text.
 */
static bool
options_read(const char *text, struct tw_buf *plain, PQconninfoOption **options, struct tw_err *e)
{
	struct tw_buf words = TW_BUF_INIT, libpq = TW_BUF_INIT;
	int tries = strchr(text, '%') != NULL ? 2 : 1;
	bool ok = true;

	*options = NULL;
	for (int percent = 0; ok && percent < tries && *options == NULL; percent++) {
		tw_buf_free(&words);
		tw_buf_free(&libpq);
		ok = tw_dsn_plain(text, percent == 1, &words, e) &&
		     tw_dsn_libpq(tw_buf_text(&words), &libpq, e);
		if (ok)
			*options = options_parse(tw_buf_text(&libpq));
	}
	if (ok && plain != NULL)
		ok = tw_buf_add(plain, tw_buf_text(&words), words.len, e);
	tw_buf_free(&words);
	tw_buf_free(&libpq);
	return ok;
}

/* value_of is the value of a keyword, or NULL. */
static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++) {
		/* the first byte by hand: most differ in it, and find asks for many */
		if (*options->keyword == *keyword && strcmp(options->keyword, keyword) == 0)
			return options->val;
	}
	return NULL;
}

/* nested tells whether a value is a DSN itself: libpq would expand it. */
static bool
nested(const char *dbname)
{
	return strchr(dbname, '=') != NULL || strstr(dbname, "://") != NULL;
}

/* values_take copies the values that we look at; one that holds a marker as it is written. */
static bool
values_take(const PQconninfoOption *options, const char *text, const char *plain,
            struct tw_dsn *dsn, struct tw_err *e)
{
	for (size_t i = 0; i < TW_DSN_KEYS; i++) {
		const char *v = value_of(options, tw_dsn_keyword((enum tw_dsn_key)i));
		struct tw_span at = dsn->span[i];
		size_t n = at.end - at.begin;

		if (v == NULL)
			continue;
		dsn->named += i < TW_DSN_NAMING;
		dsn->opaque = dsn->opaque || (i == TW_DSN_DBNAME && nested(v));
		if (i < TW_DSN_NAMING && memcmp(text + at.begin, plain + at.begin, n) != 0)
			dsn->value[i] = strndup(text + at.begin, n);
		else
			dsn->value[i] = strdup(v);
		if (dsn->value[i] == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
	}
	return true;
}

/* scan finds where the values of a text stand. */
static bool
scan(const char *text, struct tw_dsn *dsn, struct tw_err *e)
{
	if (dsn->form == TW_DSN_KEYWORD)
		return tw_dsn_scan_keywords(text, dsn, e);
	return dsn->form == TW_DSN_ODBC ? tw_dsn_scan_odbc(text, dsn, e)
	                                : tw_dsn_scan_uri(text, dsn, e);
}

/* port_odd tells whether a port is neither a number nor a marker, so that it may be a password. */
static bool
port_odd(const struct tw_dsn *dsn)
{
	const char *port = dsn->value[TW_DSN_PORT];

	return dsn->form != TW_DSN_KEYWORD && port != NULL && !tw_dsn_marked(port) &&
	       strspn(port, "0123456789,") != strlen(port);
}

bool
tw_dsn_read(const char *text, size_t n, struct tw_dsn *dsn, bool *is, struct tw_err *e)
{
	struct tw_dsn own = TW_DSN_INIT;
	struct tw_buf plain = TW_BUF_INIT;
	PQconninfoOption *options = NULL;
	bool ok, any;

	*is = false;
	if (n == 0 || memchr(text, '\0', n) != NULL)
		return true;
	own.form = tw_dsn_form_of(text);
	if (own.form == TW_DSN_KEYWORD && strchr(text, '=') == NULL)
		return true;
	ok = options_read(text, &plain, &options, e);
	if (ok && options != NULL)
		ok = scan(tw_buf_text(&plain), &own, e) &&
		     values_take(options, text, tw_buf_text(&plain), &own, e);
	any = options != NULL && (own.named > 0 || own.form != TW_DSN_KEYWORD);
	options_free(options);
	tw_buf_free(&plain);
	if (!ok || !any) {
		tw_dsn_free(&own);
		return ok;
	}
	own.opaque = own.opaque || port_odd(&own);
	*dsn = own;
	*is = true;
	return true;
}

void
tw_dsn_free(struct tw_dsn *dsn)
{
	for (size_t i = 0; i < TW_DSN_KEYS; i++) {
		if (dsn->value[i] != NULL)
			explicit_bzero(dsn->value[i], strlen(dsn->value[i]));
		free(dsn->value[i]);
	}
	free(dsn->secret);
	*dsn = (struct tw_dsn)TW_DSN_INIT;
}

bool
tw_dsn_several(const struct tw_dsn *dsn)
{
	static const enum tw_dsn_key lists[] = { TW_DSN_HOST, TW_DSN_HOSTADDR, TW_DSN_PORT };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (dsn->value[lists[i]] != NULL && strchr(dsn->value[lists[i]], ',') != NULL)
			return true;
	}
	return false;
}

bool
tw_dsn_changed(const struct tw_buf *text, const struct tw_dsn_changes *changes, struct tw_buf *out,
               struct tw_err *e)
{
	size_t at = 0;

	for (size_t i = 0; i < changes->n; i++) {
		const struct tw_dsn_change *c = &changes->item[i];

		if (!tw_buf_add(out, text->data + at, c->at.begin - at, e) ||
		    !tw_buf_add(out, tw_buf_text(&c->new), c->new.len, e))
			return false;
		at = c->at.end;
	}
	return tw_buf_add(out, text->data + at, text->len - at, e);
}

bool
tw_dsn_masked(const struct tw_buf *text, const struct tw_dsn *dsn, struct tw_buf *out,
              struct tw_err *e)
{
	size_t at = 0;

	if (dsn->opaque)
		return tw_buf_puts(out, "***", e);
	for (size_t i = 0; i < dsn->secrets; i++) {
		if (!tw_buf_add(out, text->data + at, dsn->secret[i].begin - at, e) ||
		    !tw_buf_puts(out, "***", e))
			return false;
		at = dsn->secret[i].end;
	}
	return tw_buf_add(out, text->data + at, text->len - at, e);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* proven compares what libpq read of both texts. */
static bool
proven(const PQconninfoOption *old, const PQconninfoOption *new, const struct tw_dsn_target *target)
{
	const char *host = value_of(new, "host"), *addr = value_of(new, "hostaddr");
	const char *port = value_of(new, "port");

	for (size_t i = 0; old[i].keyword != NULL; i++) {
		const char *k = old[i].keyword;
		bool moves = strcmp(k, "port") == 0 ||
		             (target->host != NULL &&
		              (strcmp(k, "host") == 0 || strcmp(k, "hostaddr") == 0));

		if (!moves && !same(old[i].val, new[i].val))
			return false;
	}
	if (target->host != NULL && (addr == NULL || host != NULL) && !same(host, target->host))
		return false;
	if (target->host != NULL && addr != NULL && !same(addr, target->host))
		return false;
	return port != NULL && strtol(port, NULL, 10) == target->port &&
	       strspn(port, "0123456789") == strlen(port);
}

bool
tw_dsn_prove(const char *old, const char *new, const struct tw_dsn_target *target, struct tw_err *e)
{
	PQconninfoOption *before = NULL, *after = NULL;
	bool ok = options_read(old, NULL, &before, e) && options_read(new, NULL, &after, e);

	if (ok && (before == NULL || after == NULL || !proven(before, after, target)))
		ok = tw_fail(e, EX_SOFTWARE,
		             "cannot prove that the change moves host and port only");
	options_free(before);
	options_free(after);
	return ok;
}
