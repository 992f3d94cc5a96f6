/* SPDX-License-Identifier: ISC */
/* diff.h: a unified diff of two texts in memory, made by diff(1). */
#pragma once

#include "buf.h"

/*
 * tw_diff appends the unified diff of `old` and `new` to `out`, with the labels as their names;
 * nothing where they are equal. The texts pass through files in memory only. EX_UNAVAILABLE where
 * diff cannot be run.
 */
bool tw_diff(const char *old_label, const struct tw_buf *old, const char *new_label,
             const struct tw_buf *new, struct tw_buf *out, struct tw_err *e);
