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

/* One of several parts that run at once. The caller's; `out` is freed by tw_parts_free. */
struct tw_part {
	const void *arg;
	struct tw_buf out;
	int status;      /* as of tw_run */
	struct tw_err e; /* why there is no status; 0 */
	/* while it runs */
	int pid, fd;
};

#define TW_PARTS_MAX 64

/*
 * tw_run_parts is tw_run_part for n parts (TW_PARTS_MAX at most), each in a child of its own, all
 * at once and for `ms` milliseconds at most: one that fails or does not end says so in its `e`
 * (errors of tw_run_part) and keeps nothing from the others.
 */
void tw_run_parts(int (*part)(const void *), struct tw_part *parts, size_t n, const char *name,
                  long long ms);

void tw_parts_free(struct tw_part *parts, size_t n);
