/* SPDX-License-Identifier: ISC */
/*
 * manifest.h: a generation's manifest as a document: schema, generation, machine, state, created,
 * notes{}, entries[], site_sha256, checksum. The checksum is the SHA-256 of all the rest, as
 * compact JSON with its keys in order.
 */
#pragma once

#include "base/json.h"

/* tw_manifest_new is that of a generation that begins, on this machine. NULL without memory. */
json_t *tw_manifest_new(unsigned number, const char *created);

/* tw_manifest_claim makes it this machine's. False without memory. */
bool tw_manifest_claim(json_t *manifest);

/* tw_manifest_text appends it with its checksum, as it is written to the file. */
bool tw_manifest_text(const json_t *manifest, struct tw_buf *b, struct tw_err *e);

/*
 * tw_manifest_check refuses (EX_DATAERR) what is damaged, what is of a newer schema, and what
 * stage.c cannot have written: acting on it would do harm. `path` names it in errors.
 */
bool tw_manifest_check(const json_t *manifest, unsigned number, const char *path, struct tw_err *e);

/*
 * tw_manifest_here refuses (EX_DATAERR) the record of another machine. Where one of the two has no
 * id, there is nothing to compare.
 */
bool tw_manifest_here(const json_t *manifest, const char *path, struct tw_err *e);
