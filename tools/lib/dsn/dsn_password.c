/* SPDX-License-Identifier: ISC */
/* dsn_password.c: libpq's two grammars (fe-connect.c: conninfo_parse, conninfo_uri_decode). */
#include "dsn_password.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* plain tells whether a byte means itself everywhere. */
static bool
plain(unsigned char c)
{
	return (c < 0x80 && isalnum(c)) || strchr("-_.~", c) != NULL;
}

bool
tw_dsn_password_encode(enum tw_dsn_form form, const char *password, struct tw_buf *out,
                       struct tw_err *e)
{
	struct tw_buf own = TW_BUF_INIT;
	bool ok = *password != '\0' || tw_fail(e, EX_DATAERR, "the password is empty");

	if (ok && form != TW_DSN_KEYWORD && form != TW_DSN_URI)
		ok = tw_fail(e, EX_CONFIG, "a password cannot be written into a DSN of form %s",
		             tw_dsn_form_name(form));
	for (const char *s = password; ok && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (form == TW_DSN_URI && !plain(c))
			ok = tw_buf_printf(&own, e, "%%%02X", c);
		else if (c < ' ' || c == 0x7f)
			ok = tw_fail(e, EX_DATAERR, "byte %zu of the password is a control byte",
			             (size_t)(s - password) + 1);
		else
			ok = (strchr(" '\\", c) == NULL || tw_buf_puts(&own, "\\", e)) &&
			     tw_buf_add(&own, s, 1, e);
	}
	ok = ok && tw_buf_add(out, own.data, own.len, e);
	tw_buf_free(&own);
	return ok;
}

/* value_of is a keyword's value in what libpq has read. */
static const char *
value_of(const PQconninfoOption *list, const char *keyword)
{
	for (; list->keyword != NULL; list++) {
		if (strcmp(list->keyword, keyword) == 0)
			return list->val;
	}
	return NULL;
}

/* text_prove has libpq read both texts. */
static bool
text_prove(const char *old, const char *new, const char *password, struct tw_err *e)
{
	PQconninfoOption *a = PQconninfoParse(old, NULL), *b = PQconninfoParse(new, NULL);
	bool ok = a != NULL && b != NULL;

	for (const PQconninfoOption *o = a; ok && o->keyword != NULL; o++) {
		const char *now = value_of(b, o->keyword);
		const char *should = strcmp(o->keyword, "password") == 0 ? password : o->val;

		ok = (now == NULL) == (should == NULL) && (now == NULL || strcmp(now, should) == 0);
	}
	PQconninfoFree(a);
	PQconninfoFree(b);
	return ok || tw_fail(e, EX_SOFTWARE, "cannot prove that only the password has changed");
}

/* json_escape rewrites a text as JSON has it between quotes; control bytes are not in it. */
static bool
json_escape(struct tw_buf *text, struct tw_err *e)
{
	struct tw_buf own = TW_BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < text->len; i++)
		ok = (strchr("\"\\", text->data[i]) == NULL || tw_buf_puts(&own, "\\", e)) &&
		     tw_buf_add(&own, &text->data[i], 1, e);
	tw_buf_free(text);
	*text = own;
	return ok;
}

/* file_prove reads the edited file again: as many DSNs, and ours says what it shall. */
static bool
file_prove(const struct tw_source *src, const struct tw_dsn_found *f, const struct tw_buf *text,
           const struct tw_buf *out, struct tw_err *e)
{
	struct tw_source new = { src->path, tw_buf_text(out), out->len, src->plain };
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	bool ok = tw_dsn_list_read(&new, &list, &ignored), found = false;

	for (size_t i = 0; ok && i < list.n; i++)
		found = found || (list.item[i].at.offset == f->at.offset &&
		                  tw_dsn_bytes_same(&list.item[i].text, text));
	tw_dsn_list_free(&list);
	if (ok && found)
		return true;
	tw_fail(e, EX_DATAERR, "the password has a byte that this file would need to quote");
	return tw_hint(e, "Take one of letters, digits and -_.~ only.");
}

bool
tw_dsn_password_set(const struct tw_source *src, const struct tw_dsn_found *f,
                    const char *password, struct tw_buf *out, struct tw_err *e)
{
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	struct tw_edits edits = TW_EDITS_INIT;
	struct tw_buf text = TW_BUF_INIT;
	bool ok = f->dsn.secrets == 1 && !f->joined && !f->dsn.opaque;

	if (!ok) {
		tw_fail(e, EX_CONFIG, "the DSN has %s",
		        f->dsn.secrets == 0 ? "no password" : "no password that stands alone");
		ok = tw_hint(e, "Whoever holds the password must be told: rotate it by hand.");
	}
	if (ok) {
		changes.n = 1;
		changes.item[0].at = f->dsn.secret[0];
		ok = tw_dsn_password_encode(f->dsn.form, password, &changes.item[0].new, e) &&
		     tw_dsn_changed(&f->text, &changes, &text, e) &&
		     text_prove(tw_buf_text(&f->text), tw_buf_text(&text), password, e) &&
		     (f->pointer == NULL || json_escape(&changes.item[0].new, e)) &&
		     tw_dsn_edits(src, f, &changes, &edits, e) &&
		     tw_edits_apply(&edits, src->bytes, src->n, out, e) &&
		     file_prove(src, f, &text, out, e);
	}
	tw_buf_free(&text);
	tw_edits_free(&edits);
	tw_dsn_changes_free(&changes);
	return ok || tw_context(e, "%s:%zu:%zu", src->path, f->at.line, f->at.column);
}
