/* SPDX-License-Identifier: ISC */
/* check_state.h: what one run of twpool-check leaves to the next one, in the file of memory.h. */
#pragma once

#include "check/facts.h"
#include "check/verdict.h"

/*
 * check_state_compare holds the facts against what the last run left in `path`; nothing where the
 * console did not answer. EX_OSERR.
 */
bool check_state_compare(const char *path, struct tw_facts *f, struct tw_err *e);

/*
 * check_state_keep leaves them to the next run, beside what --remember keeps there. Where that
 * fails the verdict names it as not judged: the next run has nothing to compare with.
 */
void check_state_keep(const char *path, const struct tw_facts *f, struct tw_verdict *v);
