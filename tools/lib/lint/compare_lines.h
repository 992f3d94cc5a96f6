/* SPDX-License-Identifier: ISC */
/* compare_lines.h: the part of compare.h that is about [databases] and [users]. */
#pragma once

#include "compare.h"

/* tw_compare_databases holds [databases] against SHOW DATABASES, both ways. */
bool tw_compare_databases(const struct tw_lint *lint, const struct tw_readback *r, bool boot,
                          struct tw_live *live, struct tw_findings *f, struct tw_err *e);

/* tw_compare_users holds [users] against SHOW USERS, as far as the version shows limits there. */
bool tw_compare_users(const struct tw_lint *lint, const struct tw_readback *r, bool boot,
                      struct tw_findings *f, struct tw_err *e);
