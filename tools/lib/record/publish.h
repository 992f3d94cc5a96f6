/* SPDX-License-Identifier: ISC */
/*
 * publish.h: the one place that changes a managed path of the host. Phases stage what they want
 * into a record (stage.c), apply publishes it, restore takes it back (publish.c). An entry is
 *   { kind: file|edit|directory, group, path, old: STATE|null, new: STATE, edits: [...] }
 * with STATE { sha256, mode, uid, gid, mtime_ns, xattrs } (directories: mode, uid, gid; xattrs of
 * old files that have some, see xattr.h). Paths are stored without TWPOOL_ROOT. A group names what
 * belongs together in time: "pooler", "server".
 */
#pragma once

#include "record.h"

/*
 * What was done, one object { path, action, note } each: "wrote", "edited", "restored",
 * "removed", "unchanged", "kept", "saved", "failed". The list is the caller's.
 */
typedef json_t tw_report_list;

/* tw_host_path writes TWPOOL_ROOT and the absolute `path`. */
bool tw_host_path(const char *path, char out[4096], struct tw_err *e);

/* tw_state_now is the state of `path`: an object, or JSON null where nothing is there. NULL: error.
 */
json_t *tw_state_now(const char *path, struct tw_buf *bytes, struct tw_err *e);

/*
 * tw_stage_file stages that `dest` becomes the bytes of the file `src` with these attributes, and
 * a directory entry for each parent of it that is missing. Nothing is staged where `dest` is so
 * already. The record is saved.
 */
bool tw_stage_file(struct tw_record *r, const char *group, const char *src, const char *dest,
                   const struct tw_attr *attr, tw_report_list *done, struct tw_err *e);

/* tw_stage_directory stages that `dest` is a directory with these attributes. */
bool tw_stage_directory(struct tw_record *r, const char *group, const char *dest,
                        const struct tw_attr *attr, tw_report_list *done, struct tw_err *e);

/*
 * tw_stage_edits stages the edits of a report of `twpool-dsn set --json`, whose "files" have paths
 * below TWPOOL_ROOT.
 */
bool tw_stage_edits(struct tw_record *r, const char *group, const json_t *report,
                    tw_report_list *done, struct tw_err *e);

/*
 * tw_apply publishes the staged entries of a group (NULL: all) in their order. An entry whose path
 * is neither as it was staged nor published already stops it: EX_TEMPFAIL.
 */
bool tw_apply(struct tw_record *r, const char *group, tw_report_list *done, struct tw_err *e);

/*
 * tw_restore puts every entry of a group (NULL: all) back to its old state, last first. What others
 * changed since is kept beside it as PATH.twpool-save-NNNN; an edit is taken back as an edit. It
 * goes on past a path that fails: *failed counts those, with an action "failed" for each.
 */
bool tw_restore(struct tw_record *r, const char *group, tw_report_list *done, size_t *failed,
                struct tw_err *e);

/*
 * tw_verify compares the host with the old (or new) states of a record; `done` gets one
 * "differs" for each path that is not as recorded. Paths in `skip` (an object by path) are left
 * out, and every path seen is added to it.
 */
bool tw_verify(struct tw_record *r, bool old, json_t *skip, tw_report_list *done, struct tw_err *e);

/* tw_report_add appends one action; `note` may be NULL. */
void tw_report_add(tw_report_list *done, const char *path, const char *action, const char *note);
