/* SPDX-License-Identifier: ISC */
/* tree.c: trees of files as texts, copied, removed. Declared in world.h and tree.h. */
#include "tree.h"
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

void
tree_die(const char *what)
{
	perror(what);
	exit(70);
}

/* names lists a directory in order; the caller frees list and names. */
static int
names(const char *path, struct dirent ***list)
{
	int n = scandir(path, list, NULL, alphasort);

	if (n < 0)
		tree_die(path);
	return n;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

char *
tree_read(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) != 0)
		tree_die(path);
	bytes = calloc(1, (size_t)st.st_size + 1);
	got = bytes != NULL ? read(fd, bytes, (size_t)st.st_size) : -1;
	if (got != st.st_size)
		tree_die(path);
	close(fd);
	*n = (size_t)got;
	return bytes;
}

unsigned long long
tree_hash(unsigned long long hash, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * 1099511628211ULL;
	return hash;
}

unsigned long long
tree_attributes(const char *path)
{
	char list[1024], value[1024];
	ssize_t n = listxattr(path, list, sizeof(list));
	unsigned long long hash = TREE_HASH;

	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1) {
		ssize_t size = getxattr(path, at, value, sizeof(value));

		hash = tree_hash(hash, at, strlen(at));
		hash = tree_hash(hash, value, size > 0 ? (size_t)size : 0);
	}
	return hash;
}

/* entry_text writes the line of one path. */
static void
entry_text(FILE *out, const char *path, const char *name, const struct stat *st, bool times)
{
	size_t n = 0;
	char *bytes = S_ISREG(st->st_mode) ? tree_read(path, &n) : NULL;

	fprintf(out, "%s %o %u:%u", name, (unsigned)st->st_mode, (unsigned)st->st_uid,
	        (unsigned)st->st_gid);
	if (bytes != NULL)
		fprintf(out, " %zu %llx %llx", n, tree_hash(TREE_HASH, bytes, n),
		        tree_attributes(path));
	if (bytes != NULL && times)
		fprintf(out, " %lld.%09ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	fputc('\n', out);
	free(bytes);
}

/* below_text writes what is below a directory, whose path is `top` and `at`. */
static void
below_text(FILE *out, const char *top, const char *at, const char *skip, bool times)
{
	char path[4096], name[4096];
	struct dirent **list;
	struct stat st;
	int n;

	snprintf(path, sizeof(path), "%s%s", top, at);
	n = names(path, &list);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", at, list[i]->d_name);
		if (!is_dot(list[i]->d_name) && (skip == NULL || strcmp(name, skip) != 0)) {
			snprintf(path, sizeof(path), "%s%s", top, name);
			if (lstat(path, &st) != 0)
				tree_die(path);
			entry_text(out, path, name, &st, times);
			if (S_ISDIR(st.st_mode))
				below_text(out, top, name, skip, times);
		}
		free(list[i]);
	}
	free(list);
}

char *
world_text(const char *top, const char *skip, bool times)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		tree_die("open_memstream");
	below_text(out, top, "", skip, times);
	fclose(out);
	return text;
}

void
tree_write(const char *path, const void *bytes, size_t n, const struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st->st_mtim };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n ||
	    fchown(fd, st->st_uid, st->st_gid) != 0 || fchmod(fd, st->st_mode & 07777) != 0 ||
	    futimens(fd, times) != 0)
		tree_die(path);
	close(fd);
}

/* file_copy copies a file with all that entry_text looks at. */
static void
file_copy(const char *from, const char *to, const struct stat *st)
{
	char list[1024], value[1024];
	size_t n;
	char *bytes = tree_read(from, &n);
	ssize_t len = llistxattr(from, list, sizeof(list));

	tree_write(to, bytes, n, st);
	free(bytes);
	for (const char *at = list; len > 0 && at < list + len; at += strlen(at) + 1) {
		ssize_t size = lgetxattr(from, at, value, sizeof(value));

		if (size < 0 || lsetxattr(to, at, value, (size_t)size, 0) != 0)
			tree_die(to);
	}
}

void
tree_copy(const char *from, const char *to)
{
	char a[4096], b[4096];
	struct dirent **list;
	struct stat st;
	int n;

	if (lstat(from, &st) != 0 || (mkdir(to, 0700) != 0 && access(to, F_OK) != 0) ||
	    chown(to, st.st_uid, st.st_gid) != 0 || chmod(to, st.st_mode & 07777) != 0)
		tree_die(to);
	n = names(from, &list);
	for (int i = 0; i < n; i++) {
		snprintf(a, sizeof(a), "%s/%s", from, list[i]->d_name);
		snprintf(b, sizeof(b), "%s/%s", to, list[i]->d_name);
		if (!is_dot(list[i]->d_name)) {
			if (lstat(a, &st) != 0)
				tree_die(a);
			if (S_ISDIR(st.st_mode))
				tree_copy(a, b);
			else
				file_copy(a, b, &st);
		}
		free(list[i]);
	}
	free(list);
}

void
tree_clear(const char *path)
{
	struct dirent **list;
	char below[4096];
	struct stat st;
	int n = names(path, &list);

	for (int i = 0; i < n; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, list[i]->d_name);
		if (!is_dot(list[i]->d_name)) {
			if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode)) {
				tree_clear(below);
				if (rmdir(below) != 0)
					tree_die(below);
			} else if (unlink(below) != 0) {
				tree_die(below);
			}
		}
		free(list[i]);
	}
	free(list);
}
