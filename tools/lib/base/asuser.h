/* SPDX-License-Identifier: ISC */
/* asuser.h: a piece of work done by root as somebody else, in a child that is not root any more. */
#pragma once

#include "buf.h"
#include "pg/pg.h"

/* tw_become makes this process, root, the OS user `name` for good, with its groups and HOME. */
bool tw_become(const char *name, struct tw_err *e);

/* The work: appends its result to `out`, or fails. Runs in the child. */
typedef bool (*tw_as_user_fn)(const void *arg, struct tw_buf *out, struct tw_err *e);

/*
 * tw_as_user runs fn(arg) in a child that has become the OS user `name`, with its groups and HOME,
 * for good, and appends the child's result to `out`; `out` is untouched on failure. Errors: those
 * of fn, EX_CONFIG (no such user), EX_UNAVAILABLE (the child is not done at `deadline`; it is
 * killed), EX_OSERR. The caller must be root.
 */
bool tw_as_user(const char *name, tw_as_user_fn fn, const void *arg, tw_ms deadline,
                struct tw_buf *out, struct tw_err *e);
