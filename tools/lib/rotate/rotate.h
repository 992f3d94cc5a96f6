/* SPDX-License-Identifier: ISC */
/*
 * rotate.h: a new password for one role, everywhere at once: in PostgreSQL, in the pooler's userlist
 * and in the server's DSNs. All of it is written and durable beforehand; the change itself is a
 * COMMIT, the renames and a RELOAD. PostgreSQL gets a SCRAM secret, never the password.
 */
#pragma once

#include "base/prepared.h"
#include "pg/pg.h"
#include "site/site.h"

/* What was done. */
struct tw_rotated {
	double window_ms; /* in which a login may fail that had read the DSN before: COMMIT to RELOAD */
	size_t dsns;      /* DSNs that hold the new password now */
	bool userlist;    /* the pooler keeps the role's secret, and has the new one */
	bool pooler;      /* the pooler runs; it has been logged in through */
};

/*
 * tw_rotate gives `role`, one of users[] of the site, the password. `program` is what
 * pg_stat_activity shows. The caller has the lock of deploys. Errors: EX_USAGE (no role of the
 * site), EX_CONFIG (a DSN without a password, or compiled in), EX_DATAERR (a DSN or the password
 * cannot be written), EX_NOPERM, EX_UNAVAILABLE. Before the COMMIT nothing has changed on failure; the
 * message of a later one says what has.
 */
bool tw_rotate(const struct tw_site *site, const char *role, const char *password,
               const char *program, tw_ms timeout, struct tw_rotated *done, struct tw_err *e);

/*
 * tw_rotate_amend puts a role's new secret into the userlists that the records keep, so that a way
 * back does not bring the old one.
 */
bool tw_rotate_amend(const char *role, const char *secret, struct tw_err *e);

/* tw_password_new appends 32 random bytes as 43 letters of base64url. */
bool tw_password_new(struct tw_buf *out, struct tw_err *e);

/*
 * tw_password_read appends the one line of a file, without its newline. EX_NOPERM where others than
 * its owner can read it; EX_DATAERR for an empty or a second line, a NUL, and what is not UTF-8.
 */
bool tw_password_read(const char *path, struct tw_buf *out, struct tw_err *e);
