/* SPDX-License-Identifier: ISC */
/* What went wrong, carried up to the one place that says it. Nothing here prints or exits. */
#ifndef GS_ERR_H
#define GS_ERR_H

#include <stdbool.h>
#include <stddef.h>

struct gs_err {
	int exit; /* a code of sysexits.h */
	char msg[512];
};

#define GS_ERR_INIT   \
	{             \
		0, "" \
	}

/* gs_fail fills e and is always false. A message that does not fit is cut. */
bool gs_fail(struct gs_err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* gs_fold copies src to dst on one line: newlines and other control characters become
 * spaces, runs of them one, those at the end none. Cut at size - 1 bytes. */
void gs_fold(char *dst, size_t size, const char *src);

#endif
