/* SPDX-License-Identifier: ISC */
/* userlist.c: lines "ROLE" "SECRET", in which a quote is doubled (src/loader.c of PgBouncer). */
#include "userlist.h"
#include "base/file.h"
#include "render/encode.h"

#include <string.h>

const char *
tw_userlist_find(const char *text, size_t n, const char *role, size_t *len)
{
	struct tw_buf head = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;
	const char *at = text, *end = text + n, *found = NULL, *close;

	if (!tw_buf_puts(&head, "\"", &e) || !tw_encode("auth", role, &head, &e) ||
	    !tw_buf_puts(&head, "\" \"", &e))
		at = end;
	while (found == NULL && at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		const char *stop = next != NULL ? next : end;

		if ((size_t)(stop - at) > head.len && memcmp(at, head.data, head.len) == 0 &&
		    (close = memchr(at + head.len, '"', (size_t)(stop - at) - head.len)) != NULL) {
			found = at + head.len;
			*len = (size_t)(close - found);
		}
		at = stop + 1;
	}
	tw_buf_free(&head);
	return found;
}

bool
tw_userlist_set(const char *text, size_t n, const char *role, const char *secret,
                struct tw_buf *out, bool *found, struct tw_err *e)
{
	static const char mark[] = "; body sha256 ";
	size_t len = 0, first, head;
	const char *old = tw_userlist_find(text, n, role, &len), *line, *digest;
	struct tw_buf new = TW_BUF_INIT;
	char sha[TW_SHA256_SIZE];
	bool ok;

	*found = old != NULL;
	if (old == NULL)
		return true;
	ok = tw_buf_add(&new, text, (size_t)(old - text), e) && tw_buf_puts(&new, secret, e) &&
	     tw_buf_add(&new, old + len, n - (size_t)(old - text) - len, e);
	line = ok ? memchr(new.data, '\n', new.len) : NULL;
	first = line != NULL ? (size_t)(line - new.data) + 1 : 0;
	digest = first > 0 ? memmem(new.data, first, mark, strlen(mark)) : NULL;
	head = digest != NULL ? (size_t)(digest - new.data) + strlen(mark) : 0;
	if (ok && head > 0 && first - head == TW_SHA256_SIZE) {
		tw_sha256(new.data + first, new.len - first, sha);
		memcpy(new.data + head, sha, TW_SHA256_SIZE - 1);
	}
	ok = ok && tw_buf_add(out, new.data, new.len, e);
	tw_buf_free(&new);
	return ok;
}

bool
tw_userlist_drift(const char *text, size_t n, const struct tw_roles *roles, struct tw_buf *names,
                  struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < roles->n; i++) {
		const struct tw_role *r = &roles->item[i];
		size_t len = 0;
		const char *stored = tw_userlist_find(text, n, r->name, &len);

		if (stored == NULL || len != strlen(r->secret) || memcmp(stored, r->secret, len) != 0)
			ok = tw_buf_printf(names, e, "%s\n", r->name);
	}
	return ok;
}
