/* SPDX-License-Identifier: ISC */
/* buf.c: growing buffers that leave nothing behind in freed memory. */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The old memory is wiped, not realloc'ed. */
bool
tw_buf_reserve(struct tw_buf *b, size_t n, struct tw_err *e)
{
	size_t need = b->len + n + 1, cap = b->cap ? b->cap : 64;
	char *grown;

	if (need < n || need > SIZE_MAX / 2)
		return tw_fail(e, EX_OSERR, "out of memory");
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	grown = malloc(cap);
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	if (b->data != NULL) {
		memcpy(grown, b->data, b->len + 1);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

bool
tw_buf_add(struct tw_buf *b, const void *bytes, size_t n, struct tw_err *e)
{
	if (!tw_buf_reserve(b, n, e))
		return false;
	if (n > 0)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
	return true;
}

bool
tw_buf_puts(struct tw_buf *b, const char *s, struct tw_err *e)
{
	return tw_buf_add(b, s, strlen(s), e);
}

bool
tw_buf_printf(struct tw_buf *b, struct tw_err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return tw_fail(e, EX_SOFTWARE, "cannot format text");
	if (!tw_buf_reserve(b, (size_t)n, e))
		return false;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return true;
}

const char *
tw_buf_text(const struct tw_buf *b)
{
	return b->data ? b->data : "";
}

void
tw_buf_free(struct tw_buf *b)
{
	if (b->data != NULL) {
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	*b = (struct tw_buf)TW_BUF_INIT;
}
