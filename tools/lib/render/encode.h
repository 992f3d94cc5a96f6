/* SPDX-License-Identifier: ISC */
/* encode.h: one value written so that exactly it comes out again of the reader's grammar. */
#pragma once

#include "base/buf.h"

/*
 * The encoders, by name (the places are the template's; quotes are written there):
 *   ini   the rest of a line of pgbouncer.ini: as it is, or refused
 *   conn  inside '...' on a line of [databases] or [users]: ' is doubled
 *   auth  inside "..." in userlist.txt and hba.conf: " is doubled
 *   word  one word of a unit, a crontab or a logrotate file: letters, digits and /._-+:,@
 * A backslash, ; # % and {{ are ordinary characters in the first three.
 */

/* tw_encode_known tells whether an encoder of this name exists. */
bool tw_encode_known(const char *encoder);

/*
 * tw_encode appends `value` in the grammar of `encoder`. EX_DATAERR for an unknown encoder and for
 * a value that the grammar cannot hold: control bytes in all, the empty value in ini and conn,
 * blanks at the ends in ini. Messages never contain the value; on failure `out` is as it was.
 */
bool tw_encode(const char *encoder, const char *value, struct tw_buf *out, struct tw_err *e);
