/* SPDX-License-Identifier: ISC */
/*
 * dsn_plan.h: DSNs moved in several files, or moved back: everything is planned and proven first,
 * then written, and nothing is written where one of the files is refused.
 */
#pragma once

#include "dsn_file.h"

#include <sys/stat.h>

/* One DSN that is meant: its index in the file's list, its text afterwards, its edits. */
struct tw_dsn_meant {
	size_t index;
	struct tw_buf text;
	struct tw_edits edits;
};

/* One file of a plan. */
struct tw_dsn_file {
	char *path;     /* as given */
	char *absolute; /* for reports and records */
	struct stat st;
	struct tw_buf old, new;
	struct tw_dsn_list before, after;
	size_t n; /* of `meant`, by rising index; 0 in a plan that reverts */
	struct tw_dsn_meant *meant;
	struct tw_edits edits; /* of the whole file */
	bool plain;            /* read as plain text if its name says nothing else */
	bool changes;
	bool has_mtime; /* a plan that reverts: the file gets its old time back */
	struct timespec mtime;
};

struct tw_dsn_plan {
	size_t n;
	struct tw_dsn_file *file;
};

#define TW_DSN_PLAN_INIT \
	{                \
		0, NULL  \
	}

/*
 * tw_dsn_plan_set plans to move one DSN for each of the n operands. On failure the candidates are
 * in `notes`; on success it may hold warnings, one a line.
 */
bool tw_dsn_plan_set(char *const *operands, size_t n, const struct tw_dsn_wanted *wanted,
                     struct tw_dsn_plan *plan, struct tw_buf *notes, struct tw_err *e);

/*
 * tw_dsn_plan_notes appends warnings about a plan, one a line: see dsn_notes.c. It reads the
 * passfiles of the caller and of the files' owners, where it may.
 */
bool tw_dsn_plan_notes(const struct tw_dsn_plan *plan, long to_port, struct tw_buf *notes,
                       struct tw_err *e);

/* tw_dsn_plan_revert plans to take back what a record says. EX_DATAERR: no record, or not found. */
bool tw_dsn_plan_revert(const char *record, struct tw_dsn_plan *plan, struct tw_err *e);

/* tw_dsn_plan_add appends an empty file to a plan; NULL without memory. For the two above. */
struct tw_dsn_file *tw_dsn_plan_add(struct tw_dsn_plan *plan, const char *path, struct tw_err *e);

/* tw_dsn_plan_source is the old or new content of a file, as the containers take it. */
struct tw_source tw_dsn_plan_source(const struct tw_dsn_file *f, const struct tw_buf *bytes);

/* tw_dsn_plan_links refuses to change a file with more names than one: it would part them. */
bool tw_dsn_plan_links(const struct tw_dsn_file *f, struct tw_err *e);

/* tw_dsn_plan_changes tells whether a plan would change anything. */
bool tw_dsn_plan_changes(const struct tw_dsn_plan *plan);

/*
 * tw_dsn_plan_write makes the changes. `record`, if not NULL, is written first, mode 0600, where
 * something changes; it must not exist (EX_CANTCREAT). On failure the files are as before.
 */
bool tw_dsn_plan_write(const struct tw_dsn_plan *plan, const char *record, struct tw_err *e);

/* tw_dsn_plan_diff appends the DSNs that would change, passwords masked, in diff's shape. */
bool tw_dsn_plan_diff(const struct tw_dsn_plan *plan, struct tw_buf *out, struct tw_err *e);

/* tw_dsn_plan_lines appends one line for each DSN or file: its place, changed or unchanged. */
bool tw_dsn_plan_lines(const struct tw_dsn_plan *plan, struct tw_buf *out, struct tw_err *e);

/* tw_dsn_plan_report is a new report of a plan; it holds no context and no password. */
json_t *tw_dsn_plan_report(const struct tw_dsn_plan *plan, const char *status);

/* tw_dsn_plan_free wipes and releases a plan; also an empty one. */
void tw_dsn_plan_free(struct tw_dsn_plan *plan);

/* tw_dsn_absolute is a new absolute form of a path, without resolving links; NULL: no memory. */
char *tw_dsn_absolute(const char *path);

/* tw_dsn_json is a new object that shows a DSN as tw_dsn_record does. */
json_t *tw_dsn_json(const char *path, const struct tw_dsn_found *f);

/* One file below a directory: its DSNs, or the reason why it was skipped. */
typedef bool tw_dsn_find_visit(const char *path, const struct tw_dsn_list *list,
                               const struct tw_err *skipped, void *arg, struct tw_err *e);

/*
 * tw_dsn_find visits every file below `dir` that has a DSN, or that may have one and cannot be
 * read, in order of name. Symbolic links are not followed and .git is left out. EX_NOINPUT where
 * `dir` is no directory.
 */
bool tw_dsn_find(const char *dir, tw_dsn_find_visit *visit, void *arg, struct tw_err *e);

/*
 * tw_dsn_load reads a file and finds its DSNs; `plain` as in struct tw_source; `st` may be NULL. On
 * failure both stay empty.
 */
bool tw_dsn_load(const char *path, bool plain, struct tw_buf *bytes, struct stat *st,
                 struct tw_dsn_list *list, struct tw_err *e);
