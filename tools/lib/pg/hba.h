/* SPDX-License-Identifier: ISC */
/*
 * hba.h: the marked block that auth.method "query" puts at the head of pg_hba.conf and pg_ident.conf,
 * where no line before it can match first: the lookup's role by peer from the pooler's OS user and
 * from nowhere else, and the pooled roles by SCRAM over the socket. Plans edits; changes nothing.
 */
#pragma once

#include "superuser.h"

/* Where PostgreSQL has its two files. */
struct tw_hba_files {
	char hba[4096], ident[4096];
};

/* tw_hba_block appends the block of pg_hba.conf, tw_hba_ident_block that of pg_ident.conf. */
bool tw_hba_block(const struct tw_site *site, struct tw_buf *out, struct tw_err *e);
bool tw_hba_ident_block(const char *pooler_user, struct tw_buf *out, struct tw_err *e);

/*
 * tw_hba_edit puts `block` into the n bytes `text`: an edit { offset, old, new } that replaces the
 * block that is there, or inserts one; NULL in *edit where it is there already. EX_DATAERR for a
 * block that does not end. An empty block is none. The edit is the caller's.
 */
bool tw_hba_edit(const char *text, size_t n, const struct tw_buf *block, json_t **edit,
                 struct tw_err *e);

/* tw_hba_files_ask asks PostgreSQL for its files. */
bool tw_hba_files_ask(const struct tw_site *site, const char *program, tw_ms deadline,
                      struct tw_hba_files *files, struct tw_err *e);

/*
 * tw_hba_reload has PostgreSQL read its files again and waits until it has: new sessions say so.
 * EX_CONFIG with the line where PostgreSQL finds an error in them: it would keep the old ones. With
 * `pooler_user` also where the first lines are not those of the block (pg_hba_file_rules; before
 * PostgreSQL 15 pg_ident.conf cannot be asked for).
 */
bool tw_hba_reload(const struct tw_site *site, const char *program, const char *pooler_user,
                   tw_ms deadline, struct tw_err *e);
