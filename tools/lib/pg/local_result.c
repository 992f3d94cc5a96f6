/* SPDX-License-Identifier: ISC */
/* local_result.c: messages, and the rows in them. A message is not believed further than its length.
 */
#include "local.h"
#include "local_message.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_MAGIC 0x74775f726f7773ULL

/* No row of the console is longer; nor of pg_stat_activity, whose queries are not asked for. */
#define MESSAGE_MOST ((unsigned long)16 << 20)

/* The texts stand one behind the other in `text`, each with its NUL; `at` has where. */
struct result {
	unsigned long long magic;
	int columns, rows;
	size_t cells, room; /* of `at`: names first */
	size_t *at;
	struct tw_buf text;
};

static struct result *
result_of(const PGresult *result)
{
	return (struct result *)(uintptr_t)result;
}

bool
tw_local_result_is(const PGresult *result)
{
	unsigned long long magic;

	if (result == NULL)
		return false;
	memcpy(&magic, (const void *)result, sizeof(magic));
	return magic == RESULT_MAGIC;
}

void
tw_local_clear(PGresult *result)
{
	struct result *r = result_of(result);

	if (r == NULL)
		return;
	tw_buf_free(&r->text);
	free(r->at);
	r->magic = 0;
	free(r);
}

int
tw_local_rows(const PGresult *result)
{
	return result_of(result)->rows;
}

int
tw_local_columns(const PGresult *result)
{
	return result_of(result)->columns;
}

int
tw_local_column(const PGresult *result, const char *name)
{
	const struct result *r = result_of(result);

	for (int i = 0; i < r->columns; i++) {
		if (strcmp(r->text.data + r->at[i], name) == 0)
			return i;
	}
	return -1;
}

char *
tw_local_value(const PGresult *result, int row, int column)
{
	const struct result *r = result_of(result);

	return r->text.data + r->at[(size_t)(row + 1) * (size_t)r->columns + (size_t)column];
}

/* number_at is the number of `bytes` bytes in network order. */
static unsigned long
number_at(const char *at, size_t bytes)
{
	unsigned long n = 0;

	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)at[i];
	return n;
}

enum local_part
tw_local_message(const char *bytes, size_t n, size_t *at, struct local_message *m)
{
	unsigned long length;

	if (n - *at < 5)
		return LOCAL_PART;
	length = number_at(bytes + *at + 1, 4);
	if (length < 4 || length > MESSAGE_MOST)
		return LOCAL_BROKEN;
	if (n - *at < length + 1)
		return LOCAL_PART;
	*m = (struct local_message){ bytes[*at], bytes + *at + 5, length - 4 };
	*at += length + 1;
	return LOCAL_WHOLE;
}

bool
tw_local_number(struct tw_buf *out, long number, struct tw_err *e)
{
	const char bytes[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
		                (char)number };

	return tw_buf_add(out, bytes, sizeof(bytes), e);
}

void
tw_local_error(const struct local_message *m, char *out, size_t size)
{
	const char *severity = "ERROR", *state = "", *text = "", *at = m->body;
	const char *end = m->body + m->n;

	while (at < end && *at != '\0') {
		const char *value = at + 1, *stop = memchr(value, '\0', (size_t)(end - value));

		if (stop == NULL)
			break;
		severity = *at == 'S' ? value : severity;
		state = *at == 'C' ? value : state;
		text = *at == 'M' ? value : text;
		at = stop + 1;
	}
	snprintf(out, size, "%s:  %s%s%s", severity, state, *state != '\0' ? ": " : "", text);
}

/* cell_add keeps a text of n bytes; a NUL in it ends it. */
static bool
cell_add(struct result *r, const char *text, size_t n, struct tw_err *e)
{
	if (r->cells == r->room) {
		size_t room = r->room > 0 ? 2 * r->room : 64;
		size_t *grown = reallocarray(r->at, room, sizeof(*grown));

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		r->at = grown;
		r->room = room;
	}
	r->at[r->cells++] = r->text.len;
	return tw_buf_add(&r->text, text, n, e) && tw_buf_add(&r->text, "", 1, e);
}

/* broken is for what no server sends. */
static bool
broken(struct tw_err *e)
{
	return tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
}

PGresult *
tw_local_result(const struct local_message *m, struct tw_err *e)
{
	struct result *r = calloc(1, sizeof(*r));
	const char *at = m->body + 2, *end = m->body + m->n;
	bool ok = r != NULL ? m->n >= 2 || broken(e) : tw_fail(e, EX_OSERR, "out of memory");

	if (ok) {
		r->magic = RESULT_MAGIC;
		r->columns = (int)number_at(m->body, 2);
	}
	for (int i = 0; ok && i < r->columns; i++) {
		const char *stop = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

		/* Behind a name stand 18 bytes about its type. */
		ok = stop != NULL && end - stop >= 19 ? cell_add(r, at, (size_t)(stop - at), e)
		                                      : broken(e);
		at = ok ? stop + 19 : at;
	}
	if (ok)
		return (PGresult *)(void *)r;
	tw_local_clear((PGresult *)(void *)r);
	return NULL;
}

bool
tw_local_row(PGresult *result, const struct local_message *m, struct tw_err *e)
{
	struct result *r = result_of(result);
	const char *at = m->body + 2, *end = m->body + m->n;

	if (m->n < 2 || (int)number_at(m->body, 2) != r->columns)
		return broken(e);
	for (int i = 0; i < r->columns; i++) {
		unsigned long n = end - at >= 4 ? number_at(at, 4) : 0;

		if (end - at < 4 || (n != 0xffffffffUL && n > (unsigned long)(end - at - 4)))
			return broken(e);
		at += 4;
		if (n == 0xffffffffUL) /* NULL */
			n = 0;
		if (!cell_add(r, at, n, e))
			return false;
		at += n;
	}
	r->rows++;
	return true;
}
