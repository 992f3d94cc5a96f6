/* SPDX-License-Identifier: ISC */
/*
 * conninfo.h: the "key=value" lists behind the names of [databases], [users] and [peers], as
 * PgBouncer reads them (src/loader.c): quotes are single and doubled inside, nothing is escaped,
 * only blanks separate, no value is empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One pair. A longer key or value is cut; `cut` then says so. */
struct tw_pair {
	char key[64];
	char value[1024];
	size_t at; /* where the key begins, in bytes from the start of the line's value */
	bool cut;
	bool swallowed; /* a byte that is no blank followed the closing quote, and is lost */
};

enum tw_pair_result { TW_PAIR, TW_PAIR_END, TW_PAIR_BROKEN };

/* tw_pair_next reads the pair at *at of `text` and moves *at behind it. */
enum tw_pair_result tw_pair_next(const char *text, size_t *at, struct tw_pair *pair);

/* tw_pair_find copies the value of `key`, the last one that counts; false where it has none. */
bool tw_pair_find(const char *text, const char *key, struct tw_pair *pair);
