/* SPDX-License-Identifier: ISC */
/*
 * dsn_setting.h: connections that are no connection string: variables of libpq's environment
 * (PGPORT), keys side by side (host:, port:), sections of pg_service.conf, lines of .pgpass, and a
 * port of C that is a macro. Each is read as one keyword text, in which every byte of a value is
 * mapped to the file; so libpq reads, moves and proves it as any other.
 */
#pragma once

#include "dsn_file.h"

/* One value with the name that it has, and the scope that it shares with its like. */
struct tw_setting {
	char *group; /* those of one connection have the same */
	int key;     /* of enum tw_dsn_key, or one of the three below */
	struct tw_place at;
	size_t last_line;
	enum tw_claim claim;
	size_t begin, end; /* where the value stands in the file, its quotes included */
	char *pointer;     /* JSON pointer, or NULL */
	struct tw_buf value;
	struct tw_raw *raw;
};

/* What a setting is that is none of enum tw_dsn_key: see tw_settings_note. */
enum { TW_SETTING_PASSWORD = TW_DSN_KEYS, TW_SETTING_KIND, TW_SETTING_SERVER };

struct tw_settings {
	size_t n, cap;
	struct tw_setting *item;
};

/*
 * tw_settings_note keeps a text of a file if its name, or the name that is assigned in it, is one
 * of a connection's: PGHOST and its like, or host, port, dbname and so on; also what says which
 * database it is ("driver: postgresql") or that this file starts a server, whose own port it then
 * is.
 */
bool tw_settings_note(struct tw_settings *s, const char *path, const struct tw_text *t,
                      struct tw_err *e);

/* tw_settings_group adds what the settings of a file make together to the list of its DSNs. */
bool tw_settings_group(struct tw_settings *s, const struct tw_source *src, struct tw_dsn_list *list,
                       struct tw_err *e);

/* tw_settings_free wipes and releases settings; also none. */
void tw_settings_free(struct tw_settings *s);

/* tw_dsn_variables tells whether a file has the name of a variable that makes a connection. */
bool tw_dsn_variables(const struct tw_source *src);

/* A keyword text in the making. */
struct tw_keywords {
	struct tw_buf text;
	struct tw_raw *raw;
	size_t cap;
};

/*
 * tw_keywords_add appends one value as "name=value", quoted where it must be, after a separator if
 * it is not the first; raw maps its n bytes, and what is added around them has no bytes in the
 * file.
 */
bool tw_keywords_add(struct tw_keywords *k, const char *separator, const char *name,
                     const char *value, const struct tw_raw *raw, size_t n, struct tw_err *e);

/*
 * tw_keywords_keep adds the text to a list as a DSN of the kind and place of `as`, if libpq reads
 * it; its pointer is copied.
 */
bool tw_keywords_keep(struct tw_keywords *k, const struct tw_dsn_found *as,
                      struct tw_dsn_list *list, struct tw_err *e);

/* tw_keywords_free wipes and releases a text. */
void tw_keywords_free(struct tw_keywords *k);

/* tw_pgpass_is tells by its name whether a file is a .pgpass; tw_pgpass_read adds its lines. */
bool tw_pgpass_is(const char *path);
bool tw_pgpass_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e);

/* tw_define_read adds the macros of a C file that are the port of a connection in the same file. */
bool tw_define_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e);
