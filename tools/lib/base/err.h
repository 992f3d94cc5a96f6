/* SPDX-License-Identifier: ISC */
/*
 * err.h: how a library function says what went wrong. Nothing here prints: a function fills the
 * struct, its callers add the place, and the program's main part prints it once.
 */
#pragma once

#include <stdbool.h>
#include <sysexits.h>

/* exit is a code of sysexits.h, or 0 while nothing has failed; msg and hint are one line each. */
struct tw_err {
	int exit;
	char msg[1024];
	char hint[512];
};

#define TW_ERR_INIT \
	{           \
		0   \
	}

/* tw_fail records the error `exit` with a message (lower case, no full stop); always false. */
bool tw_fail(struct tw_err *e, int exit, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* tw_fail_errno is tw_fail with ": " and the text of the current errno added; always false. */
bool tw_fail_errno(struct tw_err *e, int exit, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* tw_hint adds one sentence that says what to do about the error in `e`; always false. */
bool tw_hint(struct tw_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* tw_context puts a place and ": " before the message that is in `e`; always false. */
bool tw_context(struct tw_err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
