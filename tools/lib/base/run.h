/* SPDX-License-Identifier: ISC */
/* run.h: another program, or a part of this one, run as a child with a deadline. */
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

/*
 * tw_run_part runs part(arg) in a child, which has this process's descriptors but for its stdout,
 * and ends with us. Output, status and errors as for tw_run; `name` is what errors call it. Not
 * while threads run.
 */
bool tw_run_part(int (*part)(const void *), const void *arg, const char *name, int seconds,
                 struct tw_buf *out, int *status, struct tw_err *e);
