/* SPDX-License-Identifier: ISC */
/*
 * ini.h: PgBouncer's configuration file, read as PgBouncer reads it (lib/usual/cfparser.c and
 * src/loader.c of the tags pgbouncer_1_12_0 to pgbouncer_1_25_2), but saying what PgBouncer lets
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

/* A file as it was read; name and place of its %include are NULL and nothing for the first one. */
struct tw_ini_file {
	char *name;
	struct tw_buf text;
	struct tw_place at;
};

/* The sections and entries in the order of the file; the slots are for finding them quickly. */
struct tw_ini {
	size_t n_sections, n_entries;
	struct tw_ini_section *section;
	struct tw_ini_entry *entry;
	size_t last_main; /* the last [pgbouncer] */
	size_t entry_room, n_slots;
	size_t *slot; /* a hash of the entries that count: index + 1, or 0 */
	size_t n_files;
	struct tw_ini_file *file; /* what was read, in order; places point to the names */
};

#define TW_INI_INIT                                      \
	{                                                \
		0, 0, NULL, NULL, 0, 0, 0, NULL, 0, NULL \
	}

void tw_ini_free(struct tw_ini *ini);

/*
 * How the files are got. read appends the file that a %include names, relative names from where
 * PgBouncer is started, and fails like tw_file_read; NULL: no include is followed.
 */
struct tw_ini_source {
	int version; /* as TW_PGBOUNCER of keys.h; 0: any */
	bool (*read)(const void *arg, const char *path, struct tw_buf *text, struct tw_err *e);
	const void *arg;
};

/* How deep files may include each other (MAX_INCLUDE of cfparser.c). */
#define TW_INI_DEPTH 10

/*
 * tw_ini_parse reads a file's bytes, and what it includes, and appends what is wrong with its lines
 * to `findings`. `text` becomes the ini's own, and is empty then. EX_DATAERR where there is no
 * section at all, so that this is no such file.
 */
bool tw_ini_parse(struct tw_buf *text, const struct tw_ini_source *source, struct tw_ini *ini,
                  struct tw_findings *findings, struct tw_err *e);

/*
 * tw_ini_find is the last entry of that section and key, the one that counts, or NULL. At a second
 * [pgbouncer] every key goes back to its default, if it has one.
 */
const struct tw_ini_entry *tw_ini_find(const struct tw_ini *ini, const char *section,
                                       const char *key);

/* tw_ini_in tells whether an entry stands in a section of that name. */
bool tw_ini_in(const struct tw_ini *ini, const struct tw_ini_entry *entry, const char *section);

/* tw_ini_open begins a section with a copy of these n bytes as its name. */
bool tw_ini_open(struct tw_ini *ini, const char *name, size_t n, struct tw_place at,
                 struct tw_err *e);

/* tw_ini_keep makes a file the ini's own, with its name (may be NULL) and text. */
bool tw_ini_keep(struct tw_ini *ini, struct tw_ini_file file, struct tw_err *e);

/* tw_ini_add appends an entry; its key and value become the ini's own, on failure too. */
bool tw_ini_add(struct tw_ini *ini, struct tw_ini_entry entry, struct tw_err *e);
