/* SPDX-License-Identifier: ISC */
/* file.c: reads files; walks paths. Replacing them is in replace.c. */
#include "file.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h> /* libmd, which dpkg itself links */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
tw_root(void)
{
	const char *root = getenv("TWPOOL_ROOT");

	return root != NULL && strcmp(root, "/") != 0 ? root : "";
}

void
tw_sha256(const void *bytes, size_t n, char out[TW_SHA256_SIZE])
{
	SHA256Data(bytes, n, out);
}

/* A symbolic link may lead to another; more than this in a row is a loop. */
#define LINKS_MAX 8

static int path_walk(int dir, const char *path, const char *whole, int depth, struct tw_err *e);

/*
 * link_follow opens the directory that a symbolic link in `dir` leads to, by the same rules. The
 * link is looked at and read through one descriptor, so that nobody can swap it in between.
 */
static int
link_follow(int dir, const char *name, const char *whole, int depth, struct tw_err *e)
{
	int link = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), start, end = -1;
	char target[4096];
	struct stat st;
	ssize_t n;

	if (link < 0 || fstat(link, &st) != 0) {
		tw_fail_errno(e, EX_NOPERM, "'%s': '%s'", whole, name);
	} else if (st.st_uid != 0 && st.st_uid != geteuid()) {
		tw_fail(e, EX_NOPERM, "'%s': '%s' is a symbolic link of user id %u", whole, name,
		        (unsigned)st.st_uid);
	} else if (depth == LINKS_MAX) {
		tw_fail(e, EX_NOPERM, "'%s': too many symbolic links", whole);
	} else if ((n = readlinkat(link, "", target, sizeof(target) - 1)) <= 0) {
		tw_fail_errno(e, EX_NOPERM, "'%s': '%s'", whole, name);
	} else {
		target[n] = '\0';
		start = openat(dir, target[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		end = start < 0 ? -1 : path_walk(start, target, whole, depth + 1, e);
	}
	if (link >= 0)
		close(link);
	return end;
}

/* path_step opens the directory `name` in `dir`, through a link only if we or root own it. */
static int
path_step(int dir, const char *name, const char *whole, int depth, struct tw_err *e)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		tw_fail_errno(e, errno == ENOENT ? EX_NOINPUT : EX_NOPERM, "'%s': '%s'", whole,
		              name);
		return -1;
	}
	if (S_ISLNK(st.st_mode))
		return link_follow(dir, name, whole, depth, e);
	fd = openat(dir, name, O_RDONLY | flags);
	if (fd < 0 && errno == EACCES) /* search permission is enough to go through */
		fd = openat(dir, name, O_PATH | flags);
	if (fd < 0)
		tw_fail_errno(e, errno == ENOTDIR ? EX_NOINPUT : EX_NOPERM, "'%s': '%s'", whole,
		              name);
	return fd;
}

/* next_name copies the next component of a path and moves on; false at the end or if too long. */
static bool
next_name(const char **at, char name[TW_NAME_SIZE])
{
	size_t n;

	*at += strspn(*at, "/");
	n = strcspn(*at, "/");
	if (n == 0 || n >= TW_NAME_SIZE)
		return false;
	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n;
	return true;
}

/* path_walk goes along every component of `path` from `dir`, which it closes; -1 on error. */
static int
path_walk(int dir, const char *path, const char *whole, int depth, struct tw_err *e)
{
	char name[TW_NAME_SIZE];

	while (dir >= 0 && next_name(&path, name)) {
		int next = path_step(dir, name, whole, depth, e);

		close(dir);
		dir = next;
	}
	return dir;
}

int
tw_path_parent(const char *path, char name[TW_NAME_SIZE], struct tw_err *e)
{
	const char *at = path;
	int dir = open(*path == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0) {
		tw_fail_errno(e, EX_NOPERM, "'%s'", path);
		return -1;
	}
	while (dir >= 0) {
		int next;

		if (!next_name(&at, name)) {
			tw_fail(e, EX_USAGE, "'%s' does not name a file", path);
			close(dir);
			return -1;
		}
		if (at[strspn(at, "/")] == '\0')
			return dir;
		next = path_step(dir, name, path, 0, e);
		close(dir);
		dir = next;
	}
	return -1;
}

/* read_all appends what is left of `fd`, some `size` bytes, to `b`; `limit` bytes at most. */
static bool
read_all(int fd, size_t size, size_t limit, struct tw_buf *b, const char *path, struct tw_err *e)
{
	size_t got = 0, room = size < limit ? size + 1 : limit + 1; /* one more: to see the end */

	for (;;) {
		ssize_t n;

		if (!tw_buf_reserve(b, room, e))
			return false;
		n = read(fd, b->data + b->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tw_fail_errno(e, EX_IOERR, "read '%s'", path);
		got += (size_t)n;
		if (got > limit)
			return tw_fail(e, EX_DATAERR, "'%s' is larger than %zu bytes", path, limit);
		b->len += (size_t)n;
		b->data[b->len] = '\0';
		if (n == 0)
			return true;
		room = room > (size_t)n ? room - (size_t)n : 16384;
	}
}

bool
tw_file_read_at(int dir, const char *name, const char *path, size_t limit, struct tw_buf *b,
                struct stat *st, struct tw_err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat own;
	bool ok;

	if (fd < 0 && errno == ELOOP) {
		tw_fail(e, EX_NOINPUT, "'%s' is a symbolic link", path);
		return tw_hint(e, "name the file itself: twpool follows no symbolic link.");
	}
	if (fd < 0)
		return tw_fail_errno(e, EX_NOINPUT, "'%s'", path);
	if (fstat(fd, &own) != 0)
		ok = tw_fail_errno(e, EX_IOERR, "'%s'", path);
	else if (!S_ISREG(own.st_mode))
		ok = tw_fail(e, EX_NOINPUT, "'%s' is not a regular file", path);
	else
		ok = read_all(fd, (size_t)own.st_size, limit, b, path, e);
	close(fd);
	if (ok && st != NULL)
		*st = own;
	return ok;
}

bool
tw_file_read(const char *path, size_t limit, struct tw_buf *b, struct stat *st, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int dir = tw_path_parent(path, name, e);
	bool ok = dir >= 0 && tw_file_read_at(dir, name, path, limit, b, st, e);

	if (dir >= 0)
		close(dir);
	return ok;
}

bool
tw_file_status(const char *path, struct stat *st, bool *exists, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int dir = tw_path_parent(path, name, e);
	struct stat own;
	bool ok = true;

	if (dir < 0) {
		if (e->exit != EX_NOINPUT)
			return false;
		*e = (struct tw_err)TW_ERR_INIT; /* a missing parent: the file is absent too */
		*exists = false;
		return true;
	}
	if (fstatat(dir, name, &own, AT_SYMLINK_NOFOLLOW) == 0) {
		*st = own;
		*exists = true;
	} else if (errno == ENOENT) {
		*exists = false;
	} else {
		ok = tw_fail_errno(e, EX_NOPERM, "'%s'", path);
	}
	close(dir);
	return ok;
}
