/* SPDX-License-Identifier: ISC */
/* dsn_may.h: what dsn_may.c and dsn_may_names.c share. */
#pragma once

#include "dsn_setting.h"

/*
 * tw_dsn_may_names is tw_dsn_may of the values with names in a program's source, but for those with
 * '=': with `setters` those of setPortNumber(5432), else those of port: 5432. tw_dsn_may_end tells
 * whether the name of a port or a host may end at `end`, not before `begin`.
 */
bool tw_dsn_may_end(const char *begin, const char *end);
bool tw_dsn_may_names(const struct tw_source *src, bool setters);

/* tw_may_blank and tw_may_quote are asked of nearly every byte of a source tree. */
static inline bool
tw_may_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
tw_may_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}
