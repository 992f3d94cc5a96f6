/* SPDX-License-Identifier: ISC */
/*
 * effect.h: what PgBouncer makes of a value: the model that lint, shadow boot and drift share. Held
 * against the real binaries by tests/soak/differential.
 */
#pragma once

#include "site/keys.h"

enum tw_effect {
	TW_EFFECT_REFUSED,   /* PgBouncer does not start */
	TW_EFFECT_TAKEN,     /* *text is what SHOW CONFIG then says */
	TW_EFFECT_UNDEFINED, /* it starts, with a value that depends on the processor */
};

#define TW_EFFECT_SIZE 64

/*
 * tw_effect_setting reads the value of a key of [pgbouncer] (lib/usual/cfparser.c: cf_set_int,
 * cf_set_uint, cf_set_time_usec, cf_set_lookup, cf_set_str). *text borrows from `value`, `out` or
 * the table.
 */
enum tw_effect tw_effect_setting(const struct tw_key *k, const char *value,
                                 char out[TW_EFFECT_SIZE], const char **text);

/*
 * tw_effect_number reads a number of a line of [databases], [users] or [peers] as atoi does. *plain
 * tells whether it is nothing but a decimal number in the range of an int.
 */
int tw_effect_number(const char *value, bool *plain);
