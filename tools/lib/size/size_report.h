/* SPDX-License-Identifier: ISC */
/* size_report.h: what twpool-size reckoned, as a table for people and as JSON. */
#pragma once

#include "size_advice.h"

/*
 * tw_size_table appends the verdict, each server with every term, the three moments and what to
 * change, and the descriptors; with `verbose` also where each pool's size is set.
 */
bool tw_size_table(const struct tw_size *s, bool verbose, struct tw_buf *b, struct tw_err *e);

/* tw_size_table_pools appends the part of one server: its databases, and the users with limits. */
bool tw_size_table_pools(const struct tw_size *s, size_t server, bool verbose, struct tw_buf *b,
                         struct tw_err *e);

/* tw_size_number is a number as the table says it: "-" where it is not known, "unlimited". */
#define TW_SIZE_NUMBER 24
const char *tw_size_number(long n, char out[TW_SIZE_NUMBER]);

/* tw_size_json adds everything to a report. */
bool tw_size_json(const struct tw_size *s, json_t *report, struct tw_err *e);
