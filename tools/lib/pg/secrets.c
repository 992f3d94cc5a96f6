/* SPDX-License-Identifier: ISC */
/* secrets.c: reads and checks the lines of secrets.h. */
#include "base/file.h"
#include "secrets.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SCRAM "SCRAM-SHA-256$"
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/* StoredKey and ServerKey: 32 bytes are 43 base64 characters and one "=" (RFC 5803). */
enum { KEY_CHARS = 43 };

bool
tw_secrets_read(int fd, struct tw_buf *b, struct tw_err *e)
{
	char chunk[4096];
	bool ok = true;

	while (ok) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ok = tw_fail_errno(e, errno == EBADF ? EX_USAGE : EX_IOERR,
			                   "read secrets from descriptor %d", fd);
		else if (b->len + (size_t)n > TW_FILE_LIMIT)
			ok = tw_fail(e, EX_DATAERR, "secrets: more than %zu bytes", TW_FILE_LIMIT);
		else
			ok = tw_buf_add(b, chunk, (size_t)n, e);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return ok;
}

/* key_end is behind one of the two keys, or NULL where there is none. */
static const char *
key_end(const char *s)
{
	return strspn(s, BASE64) == KEY_CHARS && s[KEY_CHARS] == '=' ? s + KEY_CHARS + 1 : NULL;
}

/* scram_valid tells whether the n bytes at `s`, which end at a byte outside base64, are SCRAM. */
static bool
scram_valid(const char *s, size_t n)
{
	const char *end = s + n;
	size_t digits, salt;

	if (n < strlen(SCRAM) || memcmp(s, SCRAM, strlen(SCRAM)) != 0)
		return false;
	s += strlen(SCRAM);
	digits = strspn(s, "0123456789");
	if (digits == 0 || digits > 9 || *s == '0' || s[digits] != ':')
		return false;
	s += digits + 1;
	salt = strspn(s, BASE64);
	salt += strspn(s + salt, "=");
	if (salt < 4 || salt % 4 != 0 || s[salt] != '$')
		return false;
	s = key_end(s + salt + 1);
	return s != NULL && *s == ':' && key_end(s + 1) == end;
}

/* line_add puts one line, which ends at a newline, into `map`. */
static bool
line_add(json_t *map, const char *line, size_t n, size_t number, struct tw_err *e)
{
	const char *tab = memchr(line, '\t', n);
	size_t role = tab != NULL ? (size_t)(tab - line) : 0;
	char name[256];

	if (role == 0)
		return tw_fail(e, EX_DATAERR, "secrets:%zu: is not role<TAB>secret", number);
	for (size_t i = 0; i < n; i++) {
		if (iscntrl((unsigned char)line[i]) && line + i != tab)
			return tw_fail(e, EX_DATAERR,
			               "secrets:%zu: contains the control byte 0x%02x", number,
			               (unsigned char)line[i]);
	}
	if (!scram_valid(tab + 1, n - role - 1))
		return tw_fail(e, EX_DATAERR,
		               "secrets:%zu: the secret is not a SCRAM-SHA-256 secret", number);
	if (role >= sizeof(name))
		return tw_fail(e, EX_DATAERR, "secrets:%zu: the role's name is too long", number);
	memcpy(name, line, role);
	name[role] = '\0';
	if (strncmp(name, SCRAM, strlen(SCRAM)) == 0)
		return tw_fail(e, EX_DATAERR, "secrets:%zu: a secret in the role's place", number);
	if (json_object_get(map, name) != NULL)
		return tw_fail(e, EX_DATAERR, "secrets:%zu: the role '%s' comes twice", number,
		               name);
	if (json_object_set_new(map, name, json_stringn(tab + 1, n - role - 1)) != 0)
		return tw_fail(e, EX_DATAERR, "secrets:%zu: the role's name is not UTF-8", number);
	return true;
}

json_t *
tw_secrets_parse(const char *text, size_t n, struct tw_err *e)
{
	json_t *map = json_object();
	size_t number = 1;
	bool ok = map != NULL || tw_fail(e, EX_OSERR, "out of memory");

	for (size_t at = 0; ok && at < n; number++) {
		const char *end = memchr(text + at, '\n', n - at);

		if (end == NULL)
			ok = tw_fail(e, EX_DATAERR, "secrets:%zu: the last line is cut off",
			             number);
		else
			ok = line_add(map, text + at, (size_t)(end - text) - at, number, e);
		at = ok ? (size_t)(end - text) + 1 : n;
	}
	if (!ok) {
		json_decref(map);
		return NULL;
	}
	return map;
}
