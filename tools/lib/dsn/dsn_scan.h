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

bool tw_dsn_scan_odbc(const char *text, struct tw_dsn *dsn, struct tw_err *e);

/* tw_dsn_form_of is the form that a text has, if it is a DSN at all. */
enum tw_dsn_form tw_dsn_form_of(const char *text);

/* tw_dsn_prefix is the length of "postgresql://" or its like before a URL's authority, or 0. */
size_t tw_dsn_prefix(const char *text);

/*
 * tw_dsn_marker is the length of the marker that the text begins with, or 0: %DB%, %s, %(db)s,
 * ${DB}, $DB, {{ db }}, {db}, #{db}, $(db), <%= db %>. tw_dsn_marked tells whether it holds one.
 */
size_t tw_dsn_marker(const char *text);
bool tw_dsn_marked(const char *text);

/*
 * tw_dsn_plain appends a text with its markers as words of the same length; those that begin with
 * '%', which may be a URI's bytes, only on request.
 */
bool tw_dsn_plain(const char *text, bool percent, struct tw_buf *out, struct tw_err *e);

/* tw_dsn_libpq appends a text without markers as libpq reads it; of its own forms, all of it. */
bool tw_dsn_libpq(const char *text, struct tw_buf *out, struct tw_err *e);

/* tw_dsn_odbc_is tells whether a text is of ODBC's form; tw_dsn_odbc_libpq is tw_dsn_libpq's part.
 */
bool tw_dsn_odbc_is(const char *text);
bool tw_dsn_odbc_libpq(const char *text, struct tw_buf *out, struct tw_err *e);
