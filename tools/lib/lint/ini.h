/* SPDX-License-Identifier: ISC */
/*
 * ini.h: PgBouncer's configuration file, read as PgBouncer reads it (lib/usual/cfparser.c and
 * src/loader.c; facts/pgbouncer/behaviour.md sections 3 and 4), but saying what PgBouncer lets
 * pass in silence. Knows the grammar, not the keys.
 */
#pragma once

#include "base/buf.h"
#include "base/finding.h"

/* One "key = value" line. `section` is the index of its section. */
struct tw_ini_entry {
	size_t section;
	char *key;
	char *value; /* the rest of the line, trimmed, nothing unquoted */
	struct tw_place key_at, value_at;
	bool quoted; /* the key stood in single quotes (PgBouncer 1.25 and later) */
};

struct tw_ini_section {
	char *name;
	struct tw_place at;
};

struct tw_ini {
	size_t n_sections, n_entries;
	struct tw_ini_section *section;
	struct tw_ini_entry *entry;
};

#define TW_INI_INIT              \
	{                        \
		0, 0, NULL, NULL \
	}

void tw_ini_free(struct tw_ini *ini);

/*
 * tw_ini_parse reads a file's bytes and appends what is wrong with its lines to `findings`.
 * EX_DATAERR where there is no section at all, so that this is no such file.
 */
bool tw_ini_parse(const struct tw_buf *text, struct tw_ini *ini, struct tw_findings *findings,
                  struct tw_err *e);

/* tw_ini_find is the last entry of that section and key, the one that counts, or NULL. */
const struct tw_ini_entry *tw_ini_find(const struct tw_ini *ini, const char *section,
                                       const char *key);

/* tw_ini_in tells whether an entry stands in a section of that name. */
bool tw_ini_in(const struct tw_ini *ini, const struct tw_ini_entry *entry, const char *section);

/* One "key=value" of a [databases] or [users] line. */
struct tw_pair {
	char key[64];
	char value[1024];
	size_t at; /* where the key begins, in bytes from the start of the line's value */
};

enum tw_pair_result { TW_PAIR, TW_PAIR_END, TW_PAIR_BROKEN };

/* tw_pair_next reads the pair at *at of `text` and moves *at behind it. */
enum tw_pair_result tw_pair_next(const char *text, size_t *at, struct tw_pair *pair);

/* tw_pair_find copies the value of `key` on such a line; false where it has none. */
bool tw_pair_find(const char *text, const char *key, struct tw_pair *pair);
