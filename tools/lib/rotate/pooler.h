/* SPDX-License-Identifier: ISC */
/* pooler.h: twpool's own pooler before and after the RELOAD of a rotation. */
#pragma once

#include "pg/pg.h"

/*
 * tw_rotate_pooler_sound judges the configuration that a RELOAD would read, by the rules for the
 * running version; no console (NULL) is fine. EX_CONFIG with the first error; errors of
 * tw_lint_read and of the console.
 */
bool tw_rotate_pooler_sound(PGconn *console, tw_ms deadline, struct tw_err *e);

/*
 * tw_rotate_pooler_same reads back what the pooler then has: EX_CONFIG with the first difference
 * but by what takes a restart.
 */
bool tw_rotate_pooler_same(PGconn *console, tw_ms deadline, struct tw_err *e);
