/* SPDX-License-Identifier: ISC */
/*
 * record.h: what a deploy wrote down before it changed anything: a generation. A directory
 * ROOT/var/lib/twpool/generations/NNNN (0700) with manifest.json, the bytes before and after in
 * files/SHA256, and the site.json of that day. Every write is durable before the call returns.
 */
#pragma once

#include "base/file.h"
#include "base/json.h"

/* The largest file (bytes) that a generation takes: a game server's binary, with room. */
#define TW_RECORD_FILE_LIMIT ((size_t)1 << 30)

struct tw_record {
	unsigned number;
	char dir[4096];
	json_t *manifest; /* see manifest.h */
};

#define TW_RECORD_INIT      \
	{                   \
		0, "", NULL \
	}

/* tw_record_state_dir writes ROOT/var/lib/twpool, the home of all records. */
void tw_record_state_dir(char out[4096]);

/*
 * tw_record_numbers lists the generations, ascending; *list is the caller's (free). A directory
 * without a manifest is what a killed begin or drop left behind, and not one of them; one that
 * holds bytes of the host has lost it: EX_DATAERR.
 */
bool tw_record_numbers(unsigned **list, size_t *n, struct tw_err *e);

/*
 * tw_record_begin makes the next generation, state "open", with a copy of `site` if not NULL, and
 * removes what a killed begin or drop left.
 */
bool tw_record_begin(const char *site, struct tw_record *r, struct tw_err *e);

/*
 * tw_record_load reads a generation. EX_NOINPUT: no such one; EX_DATAERR: damaged, too new, or
 * another machine's.
 */
bool tw_record_load(unsigned number, struct tw_record *r, struct tw_err *e);

/* tw_record_claim makes a generation of another machine this one's. */
bool tw_record_claim(unsigned number, struct tw_err *e);

/* tw_record_save replaces the manifest. */
bool tw_record_save(const struct tw_record *r, struct tw_err *e);

/* tw_record_drop removes a generation that has no entries, with all that it holds. */
bool tw_record_drop(struct tw_record *r, struct tw_err *e);

/* tw_record_state is "open", "complete", "undoing" or "undone". Borrowed. */
const char *tw_record_state(const struct tw_record *r);

/* tw_record_open fails with EX_USAGE where a generation is not open: what it is to do is done, or taken back. */
bool tw_record_open(const struct tw_record *r, struct tw_err *e);

/* tw_record_entries is the list of entries. Borrowed, may be changed, then saved. */
json_t *tw_record_entries(const struct tw_record *r);

/* tw_record_put keeps n bytes in the record and writes their digest to `sha`. */
bool tw_record_put(const struct tw_record *r, const void *bytes, size_t n, char sha[TW_SHA256_SIZE],
                   struct tw_err *e);

/* tw_record_get appends the bytes with that digest; EX_DATAERR where they do not have it. */
bool tw_record_get(const struct tw_record *r, const char *sha, struct tw_buf *b, struct tw_err *e);

/*
 * tw_record_site writes the path of the record's copy of site.json, which is what it was then.
 * EX_DATAERR: it is damaged; EX_NOINPUT: it is gone.
 */
bool tw_record_site(const struct tw_record *r, char out[4096], struct tw_err *e);

/* tw_record_sweep removes what a killed write left in the record. */
bool tw_record_sweep(const struct tw_record *r, struct tw_err *e);

/* tw_record_free releases a record; also one that was never loaded. */
void tw_record_free(struct tw_record *r);
