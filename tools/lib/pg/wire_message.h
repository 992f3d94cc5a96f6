/* SPDX-License-Identifier: ISC */
/* wire_message.h: the messages of wire.c: taken apart, put together, and made into results. */
#pragma once

#include "base/buf.h"
#include "pg.h"

struct wire_message {
	char type;
	const char *body; /* borrowed */
	size_t n;
};

enum wire_part { WIRE_WHOLE, WIRE_PART, WIRE_BROKEN };

/*
 * tw_wire_message takes the message that begins at `*at` of n bytes, and moves *at behind it. PART:
 * there is more to read; BROKEN: no server sends such a length.
 */
enum wire_part tw_wire_message(const char *bytes, size_t n, size_t *at, struct wire_message *m);

/* tw_wire_number appends a number of 32 bits in network order. */
bool tw_wire_number(struct tw_buf *out, long number, struct tw_err *e);

/* tw_wire_error is an error as libpq words it: "FATAL:  28000: no such user". */
void tw_wire_error(const struct wire_message *m, char *out, size_t size);

/* tw_wire_result makes an empty result with the columns of a message T; NULL: error. */
PGresult *tw_wire_result(const struct wire_message *m, struct tw_err *e);

/* tw_wire_row adds the row of a message D. */
bool tw_wire_row(PGresult *result, const struct wire_message *m, struct tw_err *e);
