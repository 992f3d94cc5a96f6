/* SPDX-License-Identifier: ISC */
/*
 * script.h: one transaction of a bot: statements, pauses, variables. A file is of one of two kinds:
 *
 * - one SQL statement on each line; or, where a line begins with a backslash or a statement ends
 *   with a semicolon,
 * - a subset of pgbench's: statements end with ";" and may take several lines, "\set NAME
 *   EXPRESSION", "\sleep TIME [us|ms|s]", ":NAME" in a statement. Expressions are of whole numbers:
 *   + - * / % ( ), random(LOW, HIGH), abs, least, greatest, and variables.
 *
 * Our own: "\cancel TIME" lets the next statement be cancelled after that time; it has then
 * succeeded when the server says so (SQLSTATE 57014). Lines that begin with "--" are comments.
 */
#pragma once

#include <stdint.h>
#include "base/buf.h"

enum tw_step_kind { TW_STEP_SQL, TW_STEP_SET, TW_STEP_SLEEP, TW_STEP_CANCEL };

struct tw_step {
	enum tw_step_kind kind;
	const char *text; /* SQL, or the expression */
	size_t variable;  /* that SET sets */
	long unit_us;     /* of SLEEP and CANCEL */
	bool holes;       /* SQL with variables in it */
};

#define TW_VARIABLES 32

/* Variables 0 and 1 are client_id and scale. */
struct tw_script {
	size_t n;
	struct tw_step *command;
	size_t variables;
	const char *variable[TW_VARIABLES]; /* names */
	int64_t initial[TW_VARIABLES];
	struct tw_buf text; /* what all of these point into */
};

#define TW_SCRIPT_INIT \
	{              \
		0      \
	}

void tw_script_free(struct tw_script *s);

/* tw_script_define gives a variable its first value, "NAME=WHOLE NUMBER". EX_USAGE. */
bool tw_script_define(struct tw_script *s, const char *definition, struct tw_err *e);

/*
 * tw_script_read reads a file. EX_DATAERR with its line for what is none of the above, for a file
 * without a statement, or with a NUL byte; else as tw_file_read.
 */
bool tw_script_read(const char *path, struct tw_script *s, struct tw_err *e);

/* tw_script_text is the same for a text in memory. */
bool tw_script_text(const char *text, struct tw_script *s, struct tw_err *e);

/*
 * tw_script_builtin makes a transaction without a file: "read" finds a row, "ping" is SELECT 1,
 * "idle-in-transaction" sleeps before its COMMIT, "cancel" has a long statement cancelled. EX_USAGE
 * for another name.
 */
bool tw_script_builtin(const char *name, struct tw_script *s, struct tw_err *e);

/*
 * tw_expression reckons an expression with a bot's variables. EX_DATAERR where it is none, for a
 * division by 0 and for a result beyond 64 bits.
 */
bool tw_expression(const struct tw_script *s, const char *text, const int64_t *variable,
                   uint64_t *random, int64_t *out, struct tw_err *e);

/* tw_script_fill appends a statement with its variables' values in place. EX_OSERR. */
bool tw_script_fill(const struct tw_script *s, const char *sql, const int64_t *variable,
                    struct tw_buf *out, struct tw_err *e);
