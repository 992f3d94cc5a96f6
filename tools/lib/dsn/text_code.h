/* SPDX-License-Identifier: ISC */
/* text_code.h: a language, as text_code.c reads it. */
#pragma once

#include "text_names.h"
#include "text_scan.h"

struct tw_language {
	const char *comment;
	bool block;    /* slash and star */
	bool adjacent; /* literals side by side are one; an r before a quote makes it raw */
	bool regex;    /* a slash where a value may stand begins a regular expression */
	struct tw_quote quote[4];
	const struct tw_names_style *names; /* NULL: values have none */
};

/* tw_text_code scans a file of a language; it is a tw_text_scanner but for that. */
bool tw_text_code(const struct tw_language *l, const struct tw_source *src, tw_text_visit *visit,
                  void *arg, struct tw_err *e);
