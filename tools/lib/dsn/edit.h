/* SPDX-License-Identifier: ISC */
/*
 * edit.h: a few bytes changed in a file, recorded so that exactly they can be taken back, also
 * after others have edited the rest of the file. Used by twpool-dsn and twpool-generation.
 */
#pragma once

#include "base/json.h"

/* Bytes of context kept on each side of an edit, fewer at the ends of a file. */
#define TW_EDIT_CONTEXT 64

/*
 * One side of an edit: the bytes, what stands around them in the file of that side, and how many
 * bytes of that are needed to tell them from their like in it. The context may hold secrets.
 */
struct tw_edit_side {
	struct tw_buf bytes;
	struct tw_buf before, after;
	size_t anchor;
};

struct tw_edit {
	size_t offset;                /* in the file as it was before all edits of the list */
	struct tw_edit_side old, new; /* their bytes never both empty */
};

/* The edits of one file, by rising offset, none overlapping another. */
struct tw_edits {
	size_t n;
	struct tw_edit *item;
};

#define TW_EDITS_INIT   \
	{               \
		0, NULL \
	}

/* tw_edits_add appends an edit; it must start at or after the end of the last one. */
bool tw_edits_add(struct tw_edits *edits, size_t offset, const char *old, size_t old_len,
                  const char *new, size_t new_len, struct tw_err *e);

/*
 * tw_edits_apply appends the edited form of the n bytes `in` to `out` and fills in the contexts and
 * anchors of every edit. EX_DATAERR where the old bytes are not at their offset.
 */
bool tw_edits_apply(struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
                    struct tw_err *e);

/*
 * tw_edits_revert appends the n bytes `in` without the edits to `out`. Each edit is looked for at
 * its own place first, then by its context: what is left of that must be at least its anchor, so
 * that no other DSN with the same port is taken for it, and occur exactly once. *reverted is false
 * where all edits are already undone (and `out` then equals `in`). EX_DATAERR where an edit is
 * found neither done nor undone, or more than once.
 */
bool tw_edits_revert(const struct tw_edits *edits, const char *in, size_t n, struct tw_buf *out,
                     bool *reverted, struct tw_err *e);

/* tw_edits_present tells whether any of the edits may still be in the n bytes `in`. */
bool tw_edits_present(const struct tw_edits *edits, const char *in, size_t n);

/*
 * tw_edits_json is a new list of the edits; contexts, which may hold secrets, only on request. An
 * edit that is not UTF-8 cannot be in it: the list is then shorter than n.
 */
json_t *tw_edits_json(const struct tw_edits *edits, bool context);

/* tw_edits_parse reads such a list; EX_DATAERR where it is not one. */
bool tw_edits_parse(const json_t *json, struct tw_edits *edits, struct tw_err *e);

/* tw_edits_free releases a list; also an empty one. */
void tw_edits_free(struct tw_edits *edits);
