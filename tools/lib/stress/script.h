/* SPDX-License-Identifier: ISC */
/* script.h: the statements of one transaction of a bot. */
#pragma once

#include "base/buf.h"

/* The statements in their order; `text` is what they point into. */
struct tw_script {
	size_t n;
	const char **statement;
	struct tw_buf text;
};

#define TW_SCRIPT_INIT               \
	{                            \
		0, NULL, TW_BUF_INIT \
	}

void tw_script_free(struct tw_script *s);

/*
 * tw_script_read reads a file with one SQL statement on each line; empty lines and lines that begin
 * with "--" are skipped. EX_DATAERR for one without any, or with a NUL byte; else as tw_file_read.
 */
bool tw_script_read(const char *path, struct tw_script *s, struct tw_err *e);

/* tw_script_default makes the transaction that bots run without a file: it only reads. */
bool tw_script_default(struct tw_script *s, struct tw_err *e);
