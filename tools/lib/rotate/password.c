/* SPDX-License-Identifier: ISC */
/* password.c: where a new password comes from. */
#include "base/file.h"
#include "rotate.h"

#include <jansson.h>
#include <string.h>
#include <sys/random.h>

enum { PASSWORD_BYTES = 32 };

bool
tw_password_new(struct tw_buf *out, struct tw_err *e)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[PASSWORD_BYTES + 1] = { 0 };
	bool ok = getrandom(bytes, PASSWORD_BYTES, 0) == PASSWORD_BYTES ||
	          tw_fail_errno(e, EX_OSERR, "getrandom");

	for (size_t bit = 0; ok && bit < (size_t)PASSWORD_BYTES * 8; bit += 6) {
		unsigned pair = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		ok = tw_buf_add(out, &letters[pair >> (10 - bit % 8) & 63], 1, e);
	}
	explicit_bzero(bytes, sizeof(bytes));
	return ok;
}

bool
tw_password_read(const char *path, struct tw_buf *out, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	json_t *text;
	struct stat st;
	bool ok = tw_file_read(path, 65536, &b, &st, e);

	if (ok && (st.st_mode & 077) != 0)
		ok = tw_fail(e, EX_NOPERM, "others can read '%s'", path) ||
		     tw_hint(e, "chmod 600 it.");
	if (ok && b.len > 0 && b.data[b.len - 1] == '\n')
		b.data[--b.len] = '\0';
	if (ok && (b.len == 0 || strlen(b.data) != b.len || strchr(b.data, '\n') != NULL))
		ok = tw_fail(e, EX_DATAERR, "'%s' does not hold one line without NUL", path);
	if (ok) {
		text = json_stringn(b.data, b.len);
		ok = text != NULL || tw_fail(e, EX_DATAERR, "'%s' is not UTF-8", path);
		json_decref(text);
	}
	ok = ok && tw_buf_add(out, b.data, b.len, e);
	tw_buf_free(&b);
	return ok;
}
