/* SPDX-License-Identifier: ISC */
/* The server's log: standard error, one line and one write(2) per event, so that the lines of
 * many threads never interleave. Never given a password or a DSN. */
#ifndef GS_LOG_H
#define GS_LOG_H

enum gs_level { GS_INFO, GS_WARNING, GS_ERROR };

/* gs_log writes "2026-01-31T12:00:00.123Z LEVEL message"; control characters in the message
 * become spaces, a message of more than 1,900 bytes is cut. errno is preserved. */
void gs_log(enum gs_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
