/* SPDX-License-Identifier: ISC */
/* rendervalue.h: values and names of site.json as PgBouncer spells them, or refused. */
#pragma once

#include "base/json.h"
#include "site/keys.h"

/*
 * tw_render_value is the text of a setting's value (a new JSON string; NULL on failure): booleans
 * as 1 and 0, numbers in their shortest form, lists joined with ", ". EX_CONFIG with `place` for
 * what PgBouncer would refuse or misread as a value of key `k`.
 */
json_t *tw_render_value(const struct tw_key *k, enum tw_key_scope scope, const json_t *v,
                        const char *place, struct tw_err *e);

/* tw_render_key is a name as the key of a line of the ini (a new JSON string; NULL on failure). */
json_t *tw_render_key(const char *name, int version, const char *place, struct tw_err *e);

/* tw_render_database_check refuses (EX_CONFIG) what cannot be the name of a database. */
bool tw_render_database_check(const char *name, const char *place, struct tw_err *e);

/* tw_render_user_check refuses (EX_CONFIG) what cannot be the name of a user of `version`. */
bool tw_render_user_check(const char *name, int version, const char *place, struct tw_err *e);

/* tw_render_secret_check refuses (EX_CONFIG) a secret of n bytes that `version` cannot hold. */
bool tw_render_secret_check(size_t n, int version, const char *place, struct tw_err *e);

/* tw_render_address_check refuses (EX_CONFIG) anything but ADDRESS/PREFIX, IPv4 or IPv6. */
bool tw_render_address_check(const char *text, const char *place, struct tw_err *e);
