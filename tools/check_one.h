/* SPDX-License-Identifier: ISC */
/* check_one.h: one check of one pooler. */
#pragma once

#include "check_options.h"

/*
 * check_one asks, judges and appends the report to `out`; whatever fails on the way is UNKNOWN.
 * Returns the plugin's code. With o->instance every label has that name, and the metrics of
 * --textfile are appended to `metrics` instead of written.
 */
int check_one(const struct check_options *o, enum tw_format format, struct tw_buf *out,
              struct tw_buf *metrics, struct tw_err *e);

/* check_file_write makes `path` a file that everybody may read. Errors of tw_file_replace. */
bool check_file_write(const char *path, const struct tw_buf *text, struct tw_err *e);
