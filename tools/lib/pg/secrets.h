/* SPDX-License-Identifier: ISC */
/*
 * secrets.h: SCRAM secrets on their way from twpool-auth to userlist.txt, as lines
 * "role<TAB>secret\n". No message of these functions contains one.
 */
#pragma once

#include <jansson.h>
#include "base/buf.h"

/* tw_secrets_read appends all that comes out of descriptor `fd`, 16 MiB at most. */
bool tw_secrets_read(int fd, struct tw_buf *b, struct tw_err *e);

/*
 * tw_secrets_parse makes an object role -> secret of n bytes of such lines. EX_DATAERR with the
 * line's number for: a malformed line, control bytes, bytes that are not UTF-8, a secret that is
 * not SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, a role that comes twice. The object is the
 * caller's; its strings are wiped on release only where the program has told jansson so
 * (json_set_alloc_funcs).
 */
json_t *tw_secrets_parse(const char *text, size_t n, struct tw_err *e);
