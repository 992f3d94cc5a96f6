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

/*
 * program_write makes a report's file, which everybody may read, of a buffer; what was there before
 * is replaced as a whole. Errors as tw_file_replace.
 */
bool program_write(const char *path, const struct tw_buf *b, struct tw_err *e);

/*
 * program_signals makes SIGINT and SIGTERM readable at a descriptor, for this thread and those that
 * it starts; -1 on failure (EX_OSERR). program_signals_end closes it: the next signal has its usual
 * effect.
 */
int program_signals(struct tw_err *e);
void program_signals_end(int fd);

/* program_print writes a report to stdout and gives its reference back. */
bool program_print(json_t *report, struct tw_err *e);
