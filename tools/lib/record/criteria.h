/* SPDX-License-Identifier: ISC */
/* criteria.h: what makes a deploy a success, one criterion after the other, with figures. Pure. */
#pragma once

#include "site/site.h"

/*
 * tw_criteria judges what validate kept in evidence.json by the thresholds of the site. Either may
 * be NULL. A list of objects
 *   { name, title, needed, measured, limit, value, result }
 * with texts for people in `title`, `needed` and `measured`, numbers in `limit` and `value` (1:
 * yes, 0: no), and null for what is not known; `result` is "met", "not_met", "not_measured", or
 * "not_judged" where a figure has no limit. The list is the caller's; NULL without memory.
 */
json_t *tw_criteria(const json_t *evidence, const struct tw_site *site);

/* tw_criteria_count is how many criteria of a list came to that result. */
size_t tw_criteria_count(const json_t *criteria, const char *result);

/* tw_criteria_at is the value at "a.b.0.c" (0: of a list the first) below `json`, or NULL. */
const json_t *tw_criteria_at(const json_t *json, const char *path);
