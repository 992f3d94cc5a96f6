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

/* run_summary prints a generation's page, or writes it and prints its criteria; 1: not met. */
int run_summary(const void *options, int n, char **operands, struct tw_err *e);
