/* SPDX-License-Identifier: ISC */
/* rules.h: what keys of site.json demand of each other. */
#pragma once

#include "base/json.h"

/*
 * tw_site_rules_check refuses (EX_CONFIG, with the key's place) what auth.method "query" cannot do:
 * PostgreSQL behind anything but one socket directory, names that pg_hba.conf reads as something
 * else, superusers, and settings of the lookup that twpool makes itself. `root` is complete.
 */
bool tw_site_rules_check(const json_t *root, struct tw_err *e);
