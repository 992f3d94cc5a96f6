/* SPDX-License-Identifier: ISC */
/* script_scan.h: where in a script names and statements end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* tw_script_name is how many bytes at the beginning of a text are a variable's name. */
size_t tw_script_name(const char *text);

/*
 * tw_script_statement is the end of the statement that begins here: its ";", outside of quotes of
 * any kind (E'' with backslashes and $tag$ too) and of comments, or the end of the text.
 */
char *tw_script_statement(char *at);

/* tw_script_pgbench tells which of the two kinds of files it is. */
bool tw_script_pgbench(const char *text);
