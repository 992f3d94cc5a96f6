/* SPDX-License-Identifier: ISC */
/* local_message.h: the messages of local.c: taken apart, put together, and made into results. */
#pragma once

#include "base/buf.h"
#include "pg.h"

struct local_message {
	char type;
	const char *body; /* borrowed */
	size_t n;
};

enum local_part { LOCAL_WHOLE, LOCAL_PART, LOCAL_BROKEN };

/*
 * tw_local_message takes the message that begins at `*at` of n bytes, and moves *at behind it. PART:
 * there is more to read; BROKEN: no server sends such a length.
 */
enum local_part tw_local_message(const char *bytes, size_t n, size_t *at, struct local_message *m);

/* tw_local_number appends a number of 32 bits in network order. */
bool tw_local_number(struct tw_buf *out, long number, struct tw_err *e);

/* tw_local_error is an error as libpq words it: "FATAL:  28000: no such user". */
void tw_local_error(const struct local_message *m, char *out, size_t size);

/* tw_local_result makes an empty result with the columns of a message T; NULL: error. */
PGresult *tw_local_result(const struct local_message *m, struct tw_err *e);

/* tw_local_row adds the row of a message D. */
bool tw_local_row(PGresult *result, const struct local_message *m, struct tw_err *e);
