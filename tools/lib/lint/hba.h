/* SPDX-License-Identifier: ISC */
/*
 * hba.h: PgBouncer's auth_hba_file, read as src/hba.c reads it. PgBouncer skips a line that it
 * does not understand: a mistyped reject opens the door to whatever rule follows.
 */
#pragma once

#include "base/buf.h"
#include "base/finding.h"

/*
 * tw_hba_parse reads the rules as PgBouncer of `version` (0: the newest) does, and reports each
 * line that it skips. `file` is the name in findings, which keep it. *rules is how many it has.
 */
bool tw_hba_parse(const struct tw_buf *text, const char *file, int version, size_t *rules,
                  struct tw_findings *f, struct tw_err *e);
