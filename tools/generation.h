/* SPDX-License-Identifier: ISC */
/* generation.h: what the source files of twpool-generation share. */
#pragma once

#include "program.h"
#include "record/record.h"

struct options {
	const char *site, *group, *mode, *owner;
	bool directory, edits, evidence, active, json, quiet, write;
	long to;
};

/* gen_load reads the generation with the number that a command line names, "0003" or "3". */
bool gen_load(const char *text, struct tw_record *r, struct tw_err *e);

/*
 * gen_report prints what was done: a line "action path (note)" each, or the JSON object, whose
 * status is that of `e`. The list stays the caller's.
 */
bool gen_report(const struct options *o, json_t *done, struct tw_err *e);

/* run_stage stages a file, a directory or edits. */
int run_stage(const void *options, int n, char **operands, struct tw_err *e);

/* run_mark sets a generation's state. */
int run_mark(const void *options, int n, char **operands, struct tw_err *e);

/* run_note writes KEY VALUE pairs into a generation, or into its evidence. */
int run_note(const void *options, int n, char **operands, struct tw_err *e);

/*
 * run_get prints notes, each ended by NUL; an absent one is empty. "dir", "site" and "state" are
 * built in.
 */
int run_get(const void *options, int n, char **operands, struct tw_err *e);

/* run_summary prints a generation's page, or writes it and prints its criteria; 1: not met. */
int run_summary(const void *options, int n, char **operands, struct tw_err *e);
