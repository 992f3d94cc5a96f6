/* SPDX-License-Identifier: ISC */
/* prepared.c: see prepared.h. The temporary name is of the kind that tw_file_sweep knows. */
#include "prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

/* bytes_write writes n bytes, with owner and mode first, and makes them durable. */
static bool
bytes_write(int fd, const char *bytes, size_t n, const struct stat *st, const char *path,
            struct tw_err *e)
{
	if (fchown(fd, st->st_uid, st->st_gid) != 0 || fchmod(fd, st->st_mode & 07777) != 0)
		return tw_fail_errno(e, EX_NOPERM, "owner and mode beside '%s'", path);
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return tw_fail_errno(e, EX_IOERR, "write beside '%s'", path);
		bytes += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0 || tw_fail_errno(e, EX_IOERR, "fsync beside '%s'", path);
}

bool
tw_prepared_make(const char *path, const void *bytes, size_t n, struct tw_prepared *p,
                 struct tw_err *e)
{
	struct tw_prepared own = TW_PREPARED_INIT;
	unsigned long long random = 0;
	struct stat st;
	int fd = -1;
	bool ok;

	own.dir = tw_path_parent(path, own.name, e);
	if (own.dir < 0)
		return false;
	ok = (fstatat(own.dir, own.name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	      tw_fail_errno(e, EX_NOINPUT, "'%s'", path)) &&
	     ((S_ISREG(st.st_mode) && st.st_nlink == 1) ||
	      tw_fail(e, EX_CANTCREAT, "'%s' is not a regular file with one name", path)) &&
	     (getrandom(&random, sizeof(random), 0) == (ssize_t)sizeof(random) ||
	      tw_fail_errno(e, EX_OSERR, "getrandom"));
	if (ok) {
		snprintf(own.temp, sizeof(own.temp), ".twpool-%016llx", random);
		fd = openat(own.dir, own.temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		            0600);
		ok = fd >= 0 || tw_fail_errno(e, EX_CANTCREAT, "create a file beside '%s'", path);
	}
	if (fd >= 0) {
		ok = bytes_write(fd, bytes, n, &st, path, e);
		close(fd);
		if (!ok)
			unlinkat(own.dir, own.temp, 0);
	}
	if (ok)
		*p = own;
	else
		close(own.dir);
	return ok;
}

bool
tw_prepared_publish(struct tw_prepared *p, struct tw_err *e)
{
	if (p->temp[0] == '\0')
		return true;
	if (renameat(p->dir, p->temp, p->dir, p->name) != 0)
		return tw_fail_errno(e, EX_CANTCREAT, "replace '%s'", p->name);
	p->temp[0] = '\0';
	return true;
}

void
tw_prepared_free(struct tw_prepared *p)
{
	if (p->dir < 0)
		return;
	if (p->temp[0] != '\0')
		unlinkat(p->dir, p->temp, 0);
	fsync(p->dir);
	close(p->dir);
	*p = (struct tw_prepared)TW_PREPARED_INIT;
}
