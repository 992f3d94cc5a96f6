/* SPDX-License-Identifier: ISC */
/* conninfo.c: one pair after the other, in the order of bytes of src/loader.c, cstr_get_pair. */
#include "conninfo.h"

#include <string.h>

/* byte_add appends a byte to an array of `size`, as far as there is room. */
static void
byte_add(char *out, size_t size, size_t *used, char byte, bool *cut)
{
	if (*used + 1 < size)
		out[(*used)++] = byte;
	else
		*cut = true;
}

/* value_read copies a value and returns the bytes it takes, 0 for a broken one. */
static size_t
value_read(const char *text, struct tw_pair *pair)
{
	bool quoted = *text == '\'', closed = !quoted;
	size_t at = quoted, used = 0;

	while (text[at] != '\0' && (quoted || text[at] != ' ')) {
		closed = quoted && text[at] == '\'' && text[++at] != '\'';
		if (closed)
			break;
		byte_add(pair->value, sizeof(pair->value), &used, text[at++], &pair->cut);
	}
	pair->value[used] = '\0';
	if (used == 0 || (quoted && !closed))
		return 0;
	/* PgBouncer swallows the byte behind a closing quote, whatever it is. */
	pair->swallowed = quoted && text[at] != '\0' && text[at] != ' ';
	return at + (text[at] != '\0');
}

enum tw_pair_result
tw_pair_next(const char *text, size_t *at, struct tw_pair *pair)
{
	size_t start = *at + strspn(text + *at, " "), n = strcspn(text + start, " ="), value,
	       used = 0;

	pair->at = start;
	pair->cut = pair->swallowed = false;
	if (text[start] == '\0')
		return TW_PAIR_END;
	value = start + n + strspn(text + start + n, " ");
	if (n == 0 || text[value] != '=')
		return TW_PAIR_BROKEN;
	for (size_t i = 0; i < n; i++)
		byte_add(pair->key, sizeof(pair->key), &used, text[start + i], &pair->cut);
	pair->key[used] = '\0';
	value += 1 + strspn(text + value + 1, " ");
	used = value_read(text + value, pair);
	*at = value + used;
	return used > 0 ? TW_PAIR : TW_PAIR_BROKEN;
}

bool
tw_pair_find(const char *text, const char *key, struct tw_pair *pair)
{
	struct tw_pair own;
	size_t at = 0;
	bool found = false;

	while (tw_pair_next(text, &at, &own) == TW_PAIR) {
		if (strcmp(own.key, key) == 0) {
			*pair = own; /* the last one counts */
			found = true;
		}
	}
	return found;
}
