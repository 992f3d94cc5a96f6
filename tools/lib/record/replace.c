/* SPDX-License-Identifier: ISC */
/* replace.c: the one place that changes a file or directory of the host. Declared in file.h. */
#include "base/file.h"
#include "base/path.h"
#include "xattr.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* write_all writes n bytes, however many calls it takes. */
static bool
write_all(int fd, const char *bytes, size_t n, const char *path, struct tw_err *e)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return tw_fail_errno(e, EX_IOERR, "write '%s'", path);
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* owner_apply gives an open file or directory its owner. */
static bool
owner_apply(int fd, const struct tw_attr *attr, const char *path, struct tw_err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return tw_fail_errno(e, EX_IOERR, "'%s'", path);
	if ((st.st_uid != attr->uid || st.st_gid != attr->gid) &&
	    fchown(fd, attr->uid, attr->gid) != 0)
		return tw_fail_errno(e, EX_NOPERM, "give '%s' to user %u, group %u", path,
		                     (unsigned)attr->uid, (unsigned)attr->gid);
	return true;
}

/*
 * mode_apply gives it its mode and time: after owner and extended attributes, for a change of owner
 * clears the setuid bit, and an ACL brings a mode of its own.
 */
static bool
mode_apply(int fd, const struct tw_attr *attr, const char *path, struct tw_err *e)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, attr->mtime };

	if (fchmod(fd, attr->mode) != 0)
		return tw_fail_errno(e, EX_NOPERM, "set mode %04o of '%s'", (unsigned)attr->mode,
		                     path);
	if (attr->has_mtime && futimens(fd, times) != 0)
		return tw_fail_errno(e, EX_NOPERM, "set the time of '%s'", path);
	return true;
}

/* target_check refuses what a rename would destroy; *exists says whether a file is there. */
static bool
target_check(int dir, const char *name, const char *path, bool *exists, struct tw_err *e)
{
	struct stat st;

	*exists = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*exists)
		return errno == ENOENT || tw_fail_errno(e, EX_NOPERM, "'%s'", path);
	if (!S_ISREG(st.st_mode))
		return tw_fail(e, EX_CANTCREAT, "'%s' is not a regular file", path);
	if (st.st_nlink != 1)
		return tw_fail(e, EX_CANTCREAT, "'%s' has %lu names (hard links)", path,
		               (unsigned long)st.st_nlink);
	return true;
}

/* A temporary name is this and sixteen hexadecimal digits. */
#define TEMP_PREFIX ".twpool-"

/* temp_open creates a file in `dir` whose name nobody can have foreseen. */
static int
temp_open(int dir, char name[TW_NAME_SIZE], const char *path, struct tw_err *e)
{
	unsigned long long random;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		tw_fail_errno(e, EX_OSERR, "getrandom");
		return -1;
	}
	snprintf(name, TW_NAME_SIZE, TEMP_PREFIX "%016llx", random);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		tw_fail_errno(e, EX_CANTCREAT, "create a file beside '%s'", path);
	return fd;
}

bool
tw_file_replace(const char *path, const void *bytes, size_t n, const struct tw_attr *attr,
                struct tw_err *e)
{
	char name[TW_NAME_SIZE], temp[TW_NAME_SIZE];
	int fd = -1, dir = tw_path_parent(path, name, e);
	bool exists = false, ok;

	if (dir < 0)
		return false;
	ok = target_check(dir, name, path, &exists, e) && (fd = temp_open(dir, temp, path, e)) >= 0;
	if (!ok) {
		close(dir);
		return false;
	}
	ok = write_all(fd, bytes, n, path, e) && owner_apply(fd, attr, path, e) &&
	     tw_xattrs_drop_acl(fd, path, e) &&
	     (!exists || tw_xattrs_copy(dir, name, fd, path, e)) &&
	     tw_xattrs_set(fd, attr->xattrs, path, e) && mode_apply(fd, attr, path, e);
	if (ok && fsync(fd) != 0)
		ok = tw_fail_errno(e, EX_IOERR, "fsync '%s'", path);
	if (close(fd) != 0 && ok)
		ok = tw_fail_errno(e, EX_IOERR, "close '%s'", path);
	if (ok && renameat(dir, temp, dir, name) != 0)
		ok = tw_fail_errno(e, EX_CANTCREAT, "replace '%s'", path);
	if (!ok)
		unlinkat(dir, temp, 0);
	else if (fsync(dir) != 0)
		ok = tw_fail_errno(e, EX_IOERR, "fsync the directory of '%s'", path);
	close(dir);
	return ok;
}

bool
tw_file_remove(const char *path, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int dir = tw_path_parent(path, name, e);
	bool exists = false, ok;

	if (dir < 0)
		return e->exit == EX_NOINPUT && (*e = (struct tw_err)TW_ERR_INIT, true);
	ok = target_check(dir, name, path, &exists, e);
	if (ok && exists && unlinkat(dir, name, 0) != 0)
		ok = tw_fail_errno(e, EX_CANTCREAT, "remove '%s'", path);
	if (ok && exists && fsync(dir) != 0)
		ok = tw_fail_errno(e, EX_IOERR, "fsync the directory of '%s'", path);
	close(dir);
	return ok;
}

/* is_temp tells whether a name is one of temp_open's. */
static bool
is_temp(const char *name)
{
	const size_t prefix = strlen(TEMP_PREFIX);

	return strncmp(name, TEMP_PREFIX, prefix) == 0 && strlen(name) == prefix + 16 &&
	       strspn(name + prefix, "0123456789abcdef") == 16;
}

bool
tw_file_sweep(const char *path, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	const struct dirent *entry;
	int dir = tw_path_parent(path, name, e);
	bool ok = true;
	DIR *d;

	if (dir < 0)
		return e->exit == EX_NOINPUT && (*e = (struct tw_err)TW_ERR_INIT, true);
	d = fdopendir(dir);
	if (d == NULL) {
		close(dir);
		return tw_fail_errno(e, EX_NOPERM, "the directory of '%s'", path);
	}
	while (ok && (errno = 0, entry = readdir(d)) != NULL) {
		if (!is_temp(entry->d_name))
			continue;
		if (unlinkat(dirfd(d), entry->d_name, 0) != 0 && errno != ENOENT)
			ok = tw_fail_errno(e, EX_CANTCREAT, "remove '%s' beside '%s'",
			                   entry->d_name, path);
	}
	if (ok && (errno != 0 || fsync(dirfd(d)) != 0))
		ok = tw_fail_errno(e, EX_IOERR, "the directory of '%s'", path);
	closedir(d);
	return ok;
}

bool
tw_dir_ensure(const char *path, const struct tw_attr *attr, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int fd = -1, dir = tw_path_parent(path, name, e);
	bool ok = true;

	if (dir < 0)
		return false;
	if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
		ok = tw_fail_errno(e, EX_CANTCREAT, "make directory '%s'", path);
	if (ok) {
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ok = fd >= 0 || tw_fail_errno(e, EX_CANTCREAT, "directory '%s'", path);
	}
	ok = ok && owner_apply(fd, attr, path, e) && mode_apply(fd, attr, path, e);
	if (ok && (fsync(fd) != 0 || fsync(dir) != 0))
		ok = tw_fail_errno(e, EX_IOERR, "fsync directory '%s'", path);
	if (fd >= 0)
		close(fd);
	close(dir);
	return ok;
}

bool
tw_dir_sync(const char *path, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int fd, dir = tw_path_parent(path, name, e);
	bool ok = true;

	if (dir < 0)
		return e->exit == EX_NOINPUT && (*e = (struct tw_err)TW_ERR_INIT, true);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		ok = errno == ENOENT || tw_fail_errno(e, EX_CANTCREAT, "directory '%s'", path);
	else if (fsync(fd) != 0)
		ok = tw_fail_errno(e, EX_IOERR, "fsync directory '%s'", path);
	if (fd >= 0)
		close(fd);
	close(dir);
	return ok;
}

bool
tw_dir_remove(const char *path, bool *kept, struct tw_err *e)
{
	char name[TW_NAME_SIZE];
	int dir = tw_path_parent(path, name, e);
	bool ok = true;

	*kept = false;
	if (dir < 0)
		return e->exit == EX_NOINPUT && (*e = (struct tw_err)TW_ERR_INIT, true);
	if (unlinkat(dir, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
		*kept = errno == ENOTEMPTY || errno == EEXIST;
		ok = *kept || tw_fail_errno(e, EX_CANTCREAT, "remove directory '%s'", path);
	} else if (fsync(dir) != 0) {
		ok = tw_fail_errno(e, EX_IOERR, "fsync the directory of '%s'", path);
	}
	close(dir);
	return ok;
}
