/* SPDX-License-Identifier: ISC */
/*
 * pair.c: the "key=value key='va''lue'" lines of [databases] and [users] (PgBouncer's
 * src/loader.c, cstr_get_pair). Only a blank separates, not a tab; a backslash is a byte.
 */
#include "lint/ini.h"

#include <string.h>

/* value_read copies a value and returns the bytes it takes, 0 for a broken one. */
static size_t
value_read(const char *text, char *out, size_t size)
{
	bool quoted = *text == '\'';
	size_t at = quoted, used = 0;

	while (text[at] != '\0' && (quoted || text[at] != ' ')) {
		if (quoted && text[at] == '\'') {
			if (text[at + 1] != '\'')
				break;
			at++;
		}
		if (used + 1 == size)
			return 0;
		out[used++] = text[at++];
	}
	out[used] = '\0';
	if (used == 0 || (quoted && text[at] != '\''))
		return 0;
	/* PgBouncer swallows the byte behind a closing quote, whatever it is: only a blank is
	 * right. */
	if (quoted && text[at + 1] != '\0' && text[at + 1] != ' ')
		return 0;
	return at + quoted;
}

enum tw_pair_result
tw_pair_next(const char *text, size_t *at, struct tw_pair *pair)
{
	size_t start = *at + strspn(text + *at, " "), n = strcspn(text + start, " ="), value, used;

	pair->at = start;
	if (text[start] == '\0')
		return TW_PAIR_END;
	value = start + n + strspn(text + start + n, " ");
	if (n == 0 || n >= sizeof(pair->key) || text[value] != '=')
		return TW_PAIR_BROKEN;
	memcpy(pair->key, text + start, n);
	pair->key[n] = '\0';
	value += 1 + strspn(text + value + 1, " ");
	used = value_read(text + value, pair->value, sizeof(pair->value));
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
