/* SPDX-License-Identifier: ISC */
/* Newline-delimited text on a blocking socket. */
#ifndef GS_LINES_H
#define GS_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { GS_LINE_MAX = 64 * 1024 };
enum gs_line { GS_LINE_END, GS_LINE_READY, GS_LINE_TOO_LONG };

struct gs_lines {
	int fd;
	size_t start, end; /* the bytes not yet handed out */
	char buf[GS_LINE_MAX];
};

/* gs_line_read waits for a line. READY: *line, valid until the next call, holds *len bytes
 * without newline or a carriage return before it. TOO_LONG: a line of GS_LINE_MAX bytes or more
 * was read and dropped, the next one is whole. END: the peer is gone (an unfinished line is
 * dropped) or the socket failed. */
enum gs_line gs_line_read(struct gs_lines *in, char **line, size_t *len);

/* gs_line_send writes all of text; false where the peer is gone. Raises no SIGPIPE. */
bool gs_line_send(int fd, const char *text, size_t len);

#endif
