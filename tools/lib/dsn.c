/* SPDX-License-Identifier: ISC */
/* dsn.c: reads DSNs with libpq, shows them without passwords, and proves that a change is right. */
#include "dsn_scan.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

const char *
tw_dsn_form_name(enum tw_dsn_form form)
{
	return form == TW_DSN_URI ? "uri" : "keyword";
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

/* markers_escape appends a URI in which %DB% is %25DB%25, which libpq reads as %DB%. */
static bool
markers_escape(const char *text, struct tw_buf *out, struct tw_err *e)
{
	for (size_t n; *text != '\0'; text += n) {
		n = tw_dsn_marker(text);
		if (n == 0) {
			n = 1 + strcspn(text + 1, "%");
			if (!tw_buf_add(out, text, n, e))
				return false;
		} else if (!tw_buf_puts(out, "%25", e) || !tw_buf_add(out, text + 1, n - 2, e) ||
		           !tw_buf_puts(out, "%25", e)) {
			return false;
		}
	}
	return true;
}

/* options_read has libpq read a text, then without its markers; *options is NULL if it cannot. */
static bool
options_read(const char *text, PQconninfoOption **options, struct tw_err *e)
{
	struct tw_buf plain = TW_BUF_INIT;
	bool ok = true;

	*options = options_parse(text);
	if (*options == NULL && tw_dsn_uri_prefix(text) > 0) {
		ok = markers_escape(text, &plain, e);
		if (ok)
			*options = options_parse(tw_buf_text(&plain));
	}
	tw_buf_free(&plain);
	return ok;
}

/* value_of is the value of a keyword, or NULL. */
static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++) {
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	}
	return NULL;
}

/* values_take copies the values that we look at; *any tells whether there is one. */
static bool
values_take(const PQconninfoOption *options, struct tw_dsn *dsn, bool *any, struct tw_err *e)
{
	*any = false;
	for (size_t i = 0; i < TW_DSN_KEYS; i++) {
		const char *v = value_of(options, tw_dsn_keyword((enum tw_dsn_key)i));

		if (v == NULL)
			continue;
		*any = true;
		dsn->value[i] = strdup(v);
		if (dsn->value[i] == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
	}
	return true;
}

/* opaque_is tells whether a value is a DSN itself (libpq expands dbname), or a port is no port. */
static bool
opaque_is(const struct tw_dsn *dsn)
{
	const char *dbname = dsn->value[TW_DSN_DBNAME], *port = dsn->value[TW_DSN_PORT];

	if (dbname != NULL && (strchr(dbname, '=') != NULL || strstr(dbname, "://") != NULL))
		return true;
	return dsn->form == TW_DSN_URI && port != NULL && tw_dsn_marker(port) == 0 &&
	       strspn(port, "0123456789,") != strlen(port);
}

bool
tw_dsn_read(const char *text, size_t n, struct tw_dsn *dsn, bool *is, struct tw_err *e)
{
	struct tw_dsn own = TW_DSN_INIT;
	PQconninfoOption *options = NULL;
	bool ok = true, any = false;

	*is = false;
	if (n == 0 || memchr(text, '\0', n) != NULL)
		return true;
	own.form = tw_dsn_uri_prefix(text) > 0 ? TW_DSN_URI : TW_DSN_KEYWORD;
	if (own.form == TW_DSN_KEYWORD && strchr(text, '=') == NULL)
		return true;
	if (!options_read(text, &options, e))
		return false;
	if (options == NULL)
		return true;
	ok = values_take(options, &own, &any, e);
	options_free(options);
	any = any || own.form == TW_DSN_URI;
	if (ok && any)
		ok = own.form == TW_DSN_URI ? tw_dsn_scan_uri(text, &own, e)
		                            : tw_dsn_scan_keywords(text, &own, e);
	if (!ok || !any) {
		tw_dsn_free(&own);
		return ok;
	}
	own.opaque = own.opaque || opaque_is(&own);
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
	bool ok = options_read(old, &before, e) && options_read(new, &after, e);

	if (ok && (before == NULL || after == NULL || !proven(before, after, target)))
		ok = tw_fail(e, EX_SOFTWARE,
		             "cannot prove that the change moves host and port only");
	if (before != NULL)
		options_free(before);
	if (after != NULL)
		options_free(after);
	return ok;
}
