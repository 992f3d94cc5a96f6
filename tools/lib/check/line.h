/* SPDX-License-Identifier: ISC */
/*
 * line.h: what a line of PgBouncer's log means, or a SQLSTATE, or what a client was told. It knows
 * every reason for which PgBouncer 1.18 to 1.26 says that it ends a connection ("closing
 * because:").
 */
#pragma once

#include <stdbool.h>

struct tw_line {
	const char *words; /* the part of the line that was recognised; static */
	const char *what;  /* what happened, a sentence without its full stop */
	const char *todo;  /* what to do about it */
};

/* tw_line_explain finds the longest part of a line that it knows; false where there is none. */
bool tw_line_explain(const char *line, struct tw_line *out);
