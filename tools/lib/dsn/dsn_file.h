/* SPDX-License-Identifier: ISC */
/* dsn_file.h: the DSNs of one file, and which of them a command line means. */
#pragma once

#include "base/text.h"
#include "dsn.h"
#include "edit.h"

/* A file with more DSNs than this is refused. */
#define TW_DSN_FOUND_MAX ((size_t)10000)

/*
 * What a DSN is to its file: a text, or settings of their own (dsn_setting.h) that are read as one.
 * Several hosts, where it is one of those, stand in several values.
 */
enum tw_dsn_kind {
	TW_DSN_TEXT,
	TW_DSN_ENVIRONMENT,
	TW_DSN_SETTINGS,
	TW_DSN_SERVICEFILE,
	TW_DSN_PGPASS,
	TW_DSN_DEFINE,
};

/* One DSN of a file. */
struct tw_dsn_found {
	enum tw_dsn_kind kind;
	bool sure;       /* of settings: they say themselves that they are PostgreSQL's */
	const char *why; /* why it cannot be moved; NULL: nothing known. Not owned. */
	struct tw_place at;
	size_t last_line;
	char *pointer; /* JSON pointer, or NULL */
	bool joined;   /* see struct tw_text */
	struct tw_buf text;
	struct tw_raw *raw; /* where each byte of the text stands in the file */
	struct tw_dsn dsn;
};

struct tw_dsn_list {
	size_t n, cap;
	struct tw_dsn_found *item;
};

#define TW_DSN_LIST_INIT   \
	{                  \
		0, 0, NULL \
	}

/* Which DSN of a file is meant: FILE#/json/pointer, FILE:LINE, FILE:LINE:COLUMN, or any. */
struct tw_dsn_locator {
	char *path;
	char *pointer; /* NULL: not by pointer */
	size_t line;   /* 0: not by line */
	size_t column; /* 0: any */
};

#define TW_DSN_LOCATOR_INIT      \
	{                        \
		NULL, NULL, 0, 0 \
	}

/* The values that a DSN must have to be meant (none: any), and those that it shall get. */
struct tw_dsn_wanted {
	long from_port; /* 0: any; a DSN without a port has libpq's 5432 */
	const char *const *from_hosts, *const *from_dbnames;
	size_t n_hosts, n_dbnames;
	struct tw_dsn_target to;
	const char *const *accept; /* what may stay although it breaks through a pooler */
	size_t n_accept;
	bool plain;      /* files of other kinds are plain text */
	long max_length; /* of the new text in bytes; 0: any */
};

/*
 * tw_dsn_may tells whether a file may hold a DSN at all: where it says no, tw_dsn_list_read finds
 * none. It is a hundred times as fast.
 */
bool tw_dsn_may(const struct tw_source *src);

/* tw_dsn_list_read finds the DSNs of a file, in order; errors as tw_text_scan. */
bool tw_dsn_list_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e);

/*
 * tw_dsn_assignment is the length of "NAME=", blanks around '=' included, that a text begins with,
 * or 0; "export " may stand before it.
 */
size_t tw_dsn_assignment(const char *text);

/* tw_dsn_list_grow makes room for one more; EX_DATAERR where there are too many. */
bool tw_dsn_list_grow(struct tw_dsn_list *list, struct tw_err *e);

/* tw_dsn_list_free wipes and releases a list; also an empty one. */
void tw_dsn_list_free(struct tw_dsn_list *list);

/*
 * tw_dsn_locator_parse takes an operand apart. A file that has the operand as its whole name is
 * that file. EX_USAGE: a malformed pointer, or one into a file that is not JSON.
 */
bool tw_dsn_locator_parse(const char *operand, struct tw_dsn_locator *l, struct tw_err *e);

/* tw_dsn_locator_free releases a locator; also an empty one. */
void tw_dsn_locator_free(struct tw_dsn_locator *l);

/* tw_dsn_located tells whether a DSN is where a locator points; `at` is its pointer's place. */
bool tw_dsn_located(const struct tw_dsn_found *f, const struct tw_dsn_locator *l,
                    const struct tw_place *at);

/* tw_dsn_locate resolves a locator's pointer: *at is the string it means. True without one. */
bool tw_dsn_locate(const struct tw_source *src, const struct tw_dsn_locator *l, struct tw_place *at,
                   struct tw_err *e);

/*
 * tw_dsn_select finds the one DSN that is meant. EX_DATAERR where none is, or more than one: the
 * candidates are then appended to `notes`, one "file:line:column" a line.
 */
bool tw_dsn_select(const struct tw_source *src, const struct tw_dsn_list *list,
                   const struct tw_dsn_locator *l, const struct tw_dsn_wanted *wanted,
                   size_t *index, struct tw_buf *notes, struct tw_err *e);

/* tw_dsn_edits turns changes of a DSN's text into edits of its file's bytes. */
bool tw_dsn_edits(const struct tw_source *src, const struct tw_dsn_found *f,
                  const struct tw_dsn_changes *changes, struct tw_edits *edits, struct tw_err *e);

/* tw_dsn_found_form is the name of its form: tw_dsn_form_name, or that of its kind. */
const char *tw_dsn_found_form(const struct tw_dsn_found *f);

/*
 * tw_dsn_confidence is "certain" for a URL, a service and a line of .pgpass, "likely" for two
 * keywords or more, for ODBC and for settings that say what they are, and "possible" for a single
 * keyword, for other settings and for what is not known as a whole.
 */
const char *tw_dsn_confidence(const struct tw_dsn_found *f);

/*
 * tw_dsn_record appends one line: place, form, host, port, dbname, user, pointer, confidence; no
 * password.
 */
bool tw_dsn_record(const char *path, const struct tw_dsn_found *f, struct tw_buf *out,
                   struct tw_err *e);

/* tw_dsn_printable appends text with its control bytes as \xNN. */
bool tw_dsn_printable(const char *text, size_t n, struct tw_buf *out, struct tw_err *e);

/* tw_dsn_bytes_same tells whether two buffers hold the same bytes. */
bool tw_dsn_bytes_same(const struct tw_buf *a, const struct tw_buf *b);
