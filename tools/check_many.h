/* SPDX-License-Identifier: ISC */
/* check_many.h: several instances at once: each a check of its own, one verdict. */
#pragma once

#include "check_options.h"

/* check_are_many tells whether the options name several instances, or a directory of them. */
bool check_are_many(const struct check_options *o);

/*
 * check_many checks all of them at once, each in a child, and appends one report to `out`; returns
 * the worst code. One that hangs, crashes or cannot be asked is UNKNOWN itself and keeps nothing
 * from the others. An instance is called by its site's file without ".json", or by its DSN's host
 * and port. With --state or --remember each keeps its own file beside that, FILE.NAME.
 */
int check_many(const struct check_options *o, enum tw_format format, struct tw_buf *out,
               struct tw_err *e);
