/* SPDX-License-Identifier: ISC */
/*
 * file.h: reading and replacing files as root on somebody's production host. A path is walked
 * component by component; a symbolic link in it is followed only if root or the caller owns it,
 * and the last component never. A replaced file is, at every instant, entirely old or entirely new.
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>
#include "buf.h"

/* Nothing that twpool reads is larger than this (bytes): sources, configurations, records. */
#define TW_FILE_LIMIT ((size_t)16 << 20)

/* TW_SHA256_SIZE: 64 hexadecimal digits and a NUL. */
#define TW_SHA256_SIZE 65

struct json_t;

/*
 * Owner, permission bits (07777) and, where has_mtime, the modification time of a new file; the
 * extended attributes that it gets, as record/xattr.h has them, or NULL. Borrowed.
 */
struct tw_attr {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool has_mtime;
	struct timespec mtime;
	const struct json_t *xattrs;
};

/* tw_root is the prefix TWPOOL_ROOT of every absolute path that twpool writes; "" if not set. */
const char *tw_root(void);

/*
 * tw_file_read appends the regular file `path` to `b` and, where `st` is not NULL, its status.
 * Errors: EX_NOINPUT (absent, unreadable, a symbolic link or not a regular file), EX_DATAERR (more
 * than `limit` bytes), EX_IOERR.
 */
bool tw_file_read(const char *path, size_t limit, struct tw_buf *b, struct stat *st,
                  struct tw_err *e);

/*
 * tw_file_read_at is tw_file_read for the file `name` of the directory `dir`; `path` is for
 * messages. `b` may have been used before: with its len set to 0 its memory is used again.
 */
bool tw_file_read_at(int dir, const char *name, const char *path, size_t limit, struct tw_buf *b,
                     struct stat *st, struct tw_err *e);

/*
 * tw_file_status fills `st` for `path` without following a last symbolic link; *exists is false,
 * and `st` untouched, where there is none.
 */
bool tw_file_status(const char *path, struct stat *st, bool *exists, struct tw_err *e);

/*
 * tw_file_replace makes `path` a file of these n bytes with these attributes: a temporary file in
 * the same directory, owner, the old file's extended attributes (a new one has no ACL), those of
 * `attr`, mode, fsync, rename, fsync of the directory. Refuses (EX_CANTCREAT) anything but a
 * regular file with one name, or nothing, at `path`. On failure `path` is as it was and no
 * temporary file is left; but where the fsync of the directory fails, which nothing can take back,
 * it is the new one.
 */
bool tw_file_replace(const char *path, const void *bytes, size_t n, const struct tw_attr *attr,
                     struct tw_err *e);

/* tw_file_remove ensures that no file is at `path`, durably. Refuses anything but a file. */
bool tw_file_remove(const char *path, struct tw_err *e);

/*
 * tw_file_sweep removes what a killed tw_file_replace left beside `path`, and puts on the disk what
 * a killed one has done there. Only where no other writer can be at work. An absent directory is
 * fine.
 */
bool tw_file_sweep(const char *path, struct tw_err *e);

/* tw_dir_ensure makes the directory `path` (not its parents) or gives it these attributes. */
bool tw_dir_ensure(const char *path, const struct tw_attr *attr, struct tw_err *e);

/* tw_dir_sync puts the directory `path` itself on the disk; an absent one is fine. */
bool tw_dir_sync(const char *path, struct tw_err *e);

/* tw_dir_remove removes `path` if it is an empty directory; *kept says that it was not empty. */
bool tw_dir_remove(const char *path, bool *kept, struct tw_err *e);

/* tw_sha256 writes the digest of n bytes as lower-case hexadecimal text. */
void tw_sha256(const void *bytes, size_t n, char out[TW_SHA256_SIZE]);
