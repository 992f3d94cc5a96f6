/* SPDX-License-Identifier: ISC */
/* dsn_password.h: a new password written into a DSN, in whatever form and file that is. */
#pragma once

#include "dsn_file.h"

/*
 * tw_dsn_password_encode appends a password as a DSN of that form takes it, inside quotes and
 * outside of them. EX_DATAERR with the position for a byte that the form cannot hold, and for the
 * empty password; EX_CONFIG for forms of other drivers than libpq's.
 */
bool tw_dsn_password_encode(enum tw_dsn_form form, const char *password, struct tw_buf *out,
                            struct tw_err *e);

/*
 * tw_dsn_password_set appends the bytes of the file `src` with another password in one of its DSNs.
 * libpq reads both texts: only the password differs, and is the new one. EX_CONFIG where the DSN has
 * no password of its own, or is pieced together.
 */
bool tw_dsn_password_set(const struct tw_source *src, const struct tw_dsn_found *f,
                         const char *password, struct tw_buf *out, struct tw_err *e);
