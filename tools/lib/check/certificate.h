/* SPDX-License-Identifier: ISC */
/* certificate.h: until when the certificates of a PEM file are valid. */
#pragma once

#include "base/err.h"

/*
 * tw_certificate_expiry sets *until (seconds of the epoch) for the file at `path`: for a chain the
 * first end of any of its certificates, for a list of authorities (any) the last, since one that is
 * valid is enough. Symbolic links are followed: certbot's names are some. Errors: EX_NOINPUT
 * (absent), EX_NOPERM (closed to us), EX_DATAERR (no certificate in it).
 */
bool tw_certificate_expiry(const char *path, bool any, long long *until, struct tw_err *e);
