/* SPDX-License-Identifier: ISC */
/*
 * buf.h: bytes that grow. Whatever a buffer held is wiped when it moves or is freed, so that a
 * buffer is a fit place for a secret. The bytes may contain NUL; one NUL always follows them.
 */
#pragma once

#include <stddef.h>
#include "err.h"

struct tw_buf {
	char *data; /* NULL while empty, else len bytes and a NUL */
	size_t len;
	size_t cap;
};

#define TW_BUF_INIT        \
	{                  \
		NULL, 0, 0 \
	}

/* tw_buf_add appends n bytes; false (EX_OSERR) without memory, the buffer then is as it was. */
bool tw_buf_add(struct tw_buf *b, const void *bytes, size_t n, struct tw_err *e);

/* tw_buf_reserve makes room for n more bytes and a NUL; errors as tw_buf_add. */
bool tw_buf_reserve(struct tw_buf *b, size_t n, struct tw_err *e);

/* tw_buf_puts appends a string without its NUL. */
bool tw_buf_puts(struct tw_buf *b, const char *s, struct tw_err *e);

/* tw_buf_printf appends formatted text. */
bool tw_buf_printf(struct tw_buf *b, struct tw_err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* tw_buf_text is the content as a string: "" while the buffer is empty. Borrowed. */
const char *tw_buf_text(const struct tw_buf *b);

/* tw_buf_free wipes and frees; the buffer is empty and usable afterwards. */
void tw_buf_free(struct tw_buf *b);
