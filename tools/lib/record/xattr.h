/* SPDX-License-Identifier: ISC */
/*
 * xattr.h: the extended attributes (ACLs, labels, what users set) of a file as a record keeps them:
 * an object of names, each with its value in hexadecimal. NULL is a file without any.
 */
#pragma once

#include "base/json.h"

/*
 * tw_xattrs_read sets *out to those of an open file, the caller's (json_decref), or to NULL. Names
 * that are no UTF-8 are left out: no JSON holds them. `path` is for messages.
 */
bool tw_xattrs_read(int fd, const char *path, json_t **out, struct tw_err *e);

/* tw_xattrs_host is tw_xattrs_read of the file `path`; NULL too where none is there. */
bool tw_xattrs_host(const char *path, json_t **out, struct tw_err *e);

/* tw_xattrs_copy gives the open file `to` those of the file `name` in `dir`. */
bool tw_xattrs_copy(int dir, const char *name, int to, const char *path, struct tw_err *e);

/*
 * tw_xattrs_set gives the open file `to` these; others that it has stay. On a file system that has
 * none at all there is nothing to do.
 */
bool tw_xattrs_set(int to, const json_t *xattrs, const char *path, struct tw_err *e);

/* tw_xattrs_drop_acl: owner and mode say who may read the open file, and nobody else. */
bool tw_xattrs_drop_acl(int fd, const char *path, struct tw_err *e);

/* tw_xattrs_sound tells whether a value of a record is what tw_xattrs_read makes, or NULL. */
bool tw_xattrs_sound(const json_t *xattrs);

/* tw_xattrs_has tells whether `now` has all of `want`, with these values. Either may be NULL. */
bool tw_xattrs_has(const json_t *now, const json_t *want);
