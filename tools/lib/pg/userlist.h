/* SPDX-License-Identifier: ISC */
/* userlist.h: the pooler's userlist.txt as twpool renders it: one role's secret in it, and whether it
 * is still PostgreSQL's. */
#pragma once

#include "auth.h"

/*
 * tw_userlist_find is the secret of a role in n bytes of a userlist, *len bytes, or NULL where it
 * has no line. Borrowed.
 */
const char *tw_userlist_find(const char *text, size_t n, const char *role, size_t *len);

/*
 * tw_userlist_set appends the userlist with another secret for one role, and the digest of its first
 * line made to fit; *found is false, and nothing appended, where the role has no line.
 */
bool tw_userlist_set(const char *text, size_t n, const char *role, const char *secret,
                     struct tw_buf *out, bool *found, struct tw_err *e);

/*
 * tw_userlist_drift appends the name and a newline for each role whose secret in n bytes of a
 * userlist is not PostgreSQL's (of tw_roles_fetch), or that has none there: its logins through the
 * pooler fail, until a deploy has copied the secret again.
 */
bool tw_userlist_drift(const char *text, size_t n, const struct tw_roles *roles, struct tw_buf *names,
                       struct tw_err *e);
