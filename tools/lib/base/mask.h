/* SPDX-License-Identifier: ISC */
/* mask.h: configuration text that may be shown: the same lines without their secrets. */
#pragma once

#include "buf.h"

/*
 * tw_mask appends n bytes of text, each line scrubbed (scrub.h); with `userlist` also the second field
 * of every line hidden, whatever it holds ("***"), and lines that are no entry. Lines stay lines, so
 * that masked texts can be compared.
 */
bool tw_mask(const char *text, size_t n, bool userlist, struct tw_buf *out, struct tw_err *e);

/*
 * tw_mask_changed counts in *count the lines of userlist `new` whose masked form `old` has, but not
 * with the same secret.
 */
bool tw_mask_changed(const struct tw_buf *old, const struct tw_buf *new, size_t *count,
                     struct tw_err *e);
