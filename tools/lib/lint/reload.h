/* SPDX-License-Identifier: ISC */
/*
 * reload.h: the reload that cannot lie. PgBouncer answers RELOAD as if all were well when it has
 * stopped at a bad line, with every key below it at its default (its issue 1482); so what it has is
 * read back, and where that is not what the file says, the old files come back.
 */
#pragma once

#include "compare.h"

enum tw_reload_result {
	TW_RELOAD_DONE,    /* what can be reloaded is in force */
	TW_RELOAD_REFUSED, /* the file is not sound: PgBouncer was not asked, the old files are back
	                    */
	TW_RELOAD_BACK,    /* it was asked, and has the old files again, which was read back too */
	TW_RELOAD_STUCK,   /* the old files are back, and PgBouncer is not as they say */
};

/*
 * tw_reload has the PgBouncer at `console` read the file of `lint`, which is in its place already.
 * `sound`: the rules and the shadow boot have no error. `previous` is a directory with the files as
 * they were (the configuration, what it includes, auth_file, auth_hba_file, each under its own
 * name), or NULL: then nothing can be put back. What takes a restart is a restart-needed finding
 * and no failure; any other difference is one. Errors, after which the old files are back:
 * EX_UNAVAILABLE and EX_NOPERM of the console, EX_IOERR and others of tw_file_replace.
 */
bool tw_reload(const struct tw_lint *lint, bool sound, struct tw_pg_params *console, tw_ms deadline,
               const char *previous, enum tw_reload_result *result, struct tw_findings *f,
               struct tw_err *e);

/*
 * tw_reload_back puts the files of `previous` back where PgBouncer was not asked; see tw_reload. Of
 * a configuration that could not be read, that is the one file. Errors of tw_file_replace.
 */
bool tw_reload_back(const struct tw_lint *lint, const char *previous, struct tw_err *e);

/* tw_reload_text is "done", "refused", "taken-back" or "stuck". */
const char *tw_reload_text(enum tw_reload_result result);

/*
 * tw_reread sees to it that PgBouncer's next RELOAD reads auth_file, by giving it another time: a
 * second or two ago. Where that is not ours to do, and the file was last written in place, that is
 * a finding: auth-file-time. Its bytes stay as they are.
 */
bool tw_reread(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e);
