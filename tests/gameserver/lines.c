/* SPDX-License-Identifier: ISC */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* refill moves what is left to the front and reads more behind it; false at the end. */
static bool
refill(struct gs_lines *in)
{
	memmove(in->buf, in->buf + in->start, in->end - in->start);
	in->end -= in->start;
	in->start = 0;
	ssize_t n;
	do
		n = recv(in->fd, in->buf + in->end, sizeof in->buf - in->end, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	in->end += (size_t)n;
	return true;
}

enum gs_line
gs_line_read(struct gs_lines *in, char **line, size_t *len)
{
	bool dropping = false;
	for (;;) {
		char *from = in->buf + in->start;
		char *newline = memchr(from, '\n', in->end - in->start);
		if (newline) {
			in->start = (size_t)(newline - in->buf) + 1;
			if (dropping)
				return GS_LINE_TOO_LONG;
			*line = from;
			*len = (size_t)(newline - from);
			*len -= *len > 0 && newline[-1] == '\r';
			return GS_LINE_READY;
		}
		if (in->end - in->start == sizeof in->buf) {
			dropping = true;
			in->start = in->end = 0;
		}
		if (!refill(in))
			return GS_LINE_END;
	}
}

bool
gs_line_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}
