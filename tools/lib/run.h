/* SPDX-License-Identifier: ISC */
/* run.h: another program, run without a shell and with a deadline. */
#pragma once

#include "buf.h"

/*
 * tw_run runs argv[0] (looked up in PATH where it has no slash) with the NULL-terminated argv, its
 * stdin from /dev/null and its stderr ours, and appends what it prints to `out`. Descriptors
 * without close-on-exec are handed down. On success *status is its exit code, or 128 plus the
 * signal that ended it. EX_UNAVAILABLE where it cannot be started; EX_TEMPFAIL where it was killed
 * because it had not ended within `seconds`.
 */
bool tw_run(const char *const argv[], int seconds, struct tw_buf *out, int *status,
            struct tw_err *e);
