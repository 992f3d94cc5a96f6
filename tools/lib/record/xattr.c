/* SPDX-License-Identifier: ISC */
/* xattr.c: extended attributes, read, kept and given back. See xattr.h. */
#include "xattr.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
#define VALUE_MAX 65536
#define NAMES_MAX 65536

/* hex_of is n bytes as a JSON string. NULL without memory. */
static json_t *
hex_of(const unsigned char *bytes, size_t n)
{
	char *text = malloc(2 * n + 1);
	json_t *json = NULL;

	if (text == NULL)
		return NULL;
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	json = json_string(text);
	free(text);
	return json;
}

/* hex_read writes the bytes of such a string, at most VALUE_MAX; false where it is none. */
static bool
hex_read(const json_t *json, unsigned char *bytes, size_t *n)
{
	const char *text = json_string_value(json);
	size_t len = text != NULL ? strlen(text) : 1;

	if (len % 2 != 0 || len / 2 > VALUE_MAX || strspn(text, "0123456789abcdef") != len)
		return false;
	for (*n = 0; *n < len / 2; ++*n) {
		char pair[3] = { text[2 * *n], text[2 * *n + 1], '\0' };

		bytes[*n] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

/* keep_failed is what every failure here is called. */
static bool
keep_failed(const char *name, const char *path, struct tw_err *e)
{
	return tw_fail_errno(e, EX_CANTCREAT, "keep attribute '%s' of '%s'", name, path);
}

/* names_list lists the names; *n is 0 where the file system has none. */
static bool
names_list(int fd, char names[NAMES_MAX], ssize_t *n, const char *path, struct tw_err *e)
{
	*n = flistxattr(fd, names, NAMES_MAX);
	if (*n < 0 && errno != ENOTSUP)
		return tw_fail_errno(e, EX_CANTCREAT, "attributes of '%s'", path);
	*n = *n < 0 ? 0 : *n;
	return true;
}

bool
tw_xattrs_read(int fd, const char *path, json_t **out, struct tw_err *e)
{
	char names[NAMES_MAX];
	unsigned char value[VALUE_MAX];
	json_t *own = NULL;
	ssize_t n, size;

	if (!names_list(fd, names, &n, path, e))
		return false;
	for (const char *at = names; at < names + n; at += strlen(at) + 1) {
		json_t *name = json_string(at);

		json_decref(name);
		if (name == NULL)
			continue;
		size = fgetxattr(fd, at, value, sizeof(value));
		if (size < 0) {
			json_decref(own);
			return keep_failed(at, path, e);
		}
		if ((own == NULL && (own = json_object()) == NULL) ||
		    json_object_set_new(own, at, hex_of(value, (size_t)size)) != 0) {
			json_decref(own);
			return tw_fail(e, EX_OSERR, "out of memory");
		}
	}
	*out = own;
	return true;
}

/* file_open opens a file of `dir` to read; nobody waits for it. */
static int
file_open(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool
tw_xattrs_host(const char *path, json_t **out, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int fd, dir = tw_path_parent(path, name, e);
	bool ok;

	if (dir < 0)
		return false;
	fd = file_open(dir, name);
	if (fd < 0) {
		ok = errno == ENOENT || tw_fail_errno(e, EX_NOINPUT, "'%s'", path);
		*out = NULL;
	} else {
		ok = tw_xattrs_read(fd, path, out, e);
		close(fd);
	}
	close(dir);
	return ok;
}

bool
tw_xattrs_copy(int dir, const char *name, int to, const char *path, struct tw_err *e)
{
	char names[NAMES_MAX], value[VALUE_MAX];
	int from = file_open(dir, name);
	ssize_t n = 0, size;
	bool ok;

	if (from < 0)
		return tw_fail_errno(e, EX_CANTCREAT, "'%s'", path);
	ok = names_list(from, names, &n, path, e);
	for (const char *at = names; ok && at < names + n; at += strlen(at) + 1) {
		size = fgetxattr(from, at, value, sizeof(value));
		ok = (size >= 0 && fsetxattr(to, at, value, (size_t)size, 0) == 0) ||
		     keep_failed(at, path, e);
	}
	close(from);
	return ok;
}

bool
tw_xattrs_set(int to, const json_t *xattrs, const char *path, struct tw_err *e)
{
	unsigned char value[VALUE_MAX];
	const char *name;
	json_t *one;
	size_t n;

	json_object_foreach ((json_t *)xattrs, name, one) {
		if (!hex_read(one, value, &n))
			return tw_fail(e, EX_DATAERR, "attribute '%s' of '%s' is damaged", name,
			               path);
		if (fsetxattr(to, name, value, n, 0) != 0 && errno != ENOTSUP)
			return keep_failed(name, path, e);
	}
	return true;
}

bool
tw_xattrs_drop_acl(int fd, const char *path, struct tw_err *e)
{
	return fremovexattr(fd, "system.posix_acl_access") == 0 || errno == ENODATA ||
	       errno == ENOTSUP || tw_fail_errno(e, EX_CANTCREAT, "the ACL of '%s'", path);
}

bool
tw_xattrs_sound(const json_t *xattrs)
{
	unsigned char value[VALUE_MAX];
	const char *name;
	json_t *one;
	size_t n;

	json_object_foreach ((json_t *)xattrs, name, one) {
		if (!hex_read(one, value, &n))
			return false;
	}
	return xattrs == NULL || json_is_object(xattrs);
}

bool
tw_xattrs_has(const json_t *now, const json_t *want)
{
	const char *name;
	json_t *one;

	json_object_foreach ((json_t *)want, name, one) {
		if (!json_equal(json_object_get(now, name), one))
			return false;
	}
	return true;
}
