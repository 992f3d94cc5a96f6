/* SPDX-License-Identifier: ISC */
/* dsn_scan.h: where in a DSN its values stand, for dsn.c and the two grammars behind it. */
#pragma once

#include "dsn.h"

/* tw_dsn_keyword is libpq's name of a value. */
const char *tw_dsn_keyword(enum tw_dsn_key key);

/* A value as a scanner meets it: `key` of key_len bytes, and the span of its text. */
struct tw_dsn_item {
	const char *key;
	size_t key_len;
	struct tw_span span;
	bool parameter;
};

/* tw_dsn_note records an item in `dsn`: the last one of a keyword counts, as in libpq. */
bool tw_dsn_note(struct tw_dsn *dsn, const struct tw_dsn_item *item, struct tw_err *e);

/* The scanners of a text that libpq has read without error. Only `span` and the like are set. */
bool tw_dsn_scan_keywords(const char *text, struct tw_dsn *dsn, struct tw_err *e);
bool tw_dsn_scan_uri(const char *text, struct tw_dsn *dsn, struct tw_err *e);

/* tw_dsn_uri_prefix is the length of "postgresql://" or "postgres://" if the text begins so, or 0.
 */
size_t tw_dsn_uri_prefix(const char *text);

/* tw_dsn_marker is the length of the marker (%[A-Z_]+%) that the text begins with, or 0. */
size_t tw_dsn_marker(const char *text);
