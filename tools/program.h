/* SPDX-License-Identifier: ISC */
/* program.h: the main part that all twpool programs share: options, printing, the exit code. */
#pragma once

#include "base/json.h"
#include "base/opt.h"

/*
 * program_main runs a program: keeps it from dumping core, makes sure that descriptors 0 to 2 are open,
 * parses the command line into `options`, runs the command, prints its error, scrubbed, as
 * "NAME: message" and "HINT: sentence.",
 * flushes stdout, and returns the exit code (EX_IOERR where stdout could not be written).
 */
int program_main(const struct tw_program *program, int argc, char **argv, void *options);

/* program_print writes a report to stdout and gives its reference back. */
bool program_print(json_t *report, struct tw_err *e);
