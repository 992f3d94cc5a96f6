/* SPDX-License-Identifier: ISC */
/* publish.c: makes the host what a record says, forth (apply) and back (restore). See publish.h. */
#include "dsn/edit.h"
#include "publish.h"
#include "xattr.h"

#include <stdio.h>
#include <string.h>

/* text_of is a string member of an entry or state. */
static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* state_has_bytes tells whether two states are the same bytes (both absent counts). */
static bool
state_has_bytes(const json_t *a, const json_t *b)
{
	return strcmp(text_of(a, "sha256"), text_of(b, "sha256")) == 0 &&
	       json_is_object(a) == json_is_object(b);
}

/* attr_of turns a STATE into the attributes of a file or directory. */
static struct tw_attr
attr_of(const json_t *state)
{
	const json_t *mtime = json_object_get(state, "mtime_ns");
	long long ns = json_integer_value(mtime);
	struct tw_attr attr = {
		.mode = (mode_t)json_integer_value(json_object_get(state, "mode")),
		.uid = (uid_t)json_integer_value(json_object_get(state, "uid")),
		.gid = (gid_t)json_integer_value(json_object_get(state, "gid")),
		.has_mtime = json_is_integer(mtime),
		.xattrs = json_object_get(state, "xattrs"),
	};

	attr.mtime.tv_sec = (time_t)(ns / 1000000000);
	attr.mtime.tv_nsec = (long)(ns % 1000000000);
	if (attr.mtime.tv_nsec < 0) { /* before 1970 */
		attr.mtime.tv_sec--;
		attr.mtime.tv_nsec += 1000000000;
	}
	return attr;
}

/* state_is tells whether `now` is `want`: bytes, mode, owner, the attributes that `want` has. */
static bool
state_is(const json_t *now, const json_t *want)
{
	struct tw_attr a = attr_of(now), b = attr_of(want);

	return state_has_bytes(now, want) && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid &&
	       tw_xattrs_has(a.xattrs, b.xattrs);
}

/* state_put makes `path` what a state of the record says: those bytes, or nothing. */
static bool
state_put(const struct tw_record *r, const char *path, const json_t *state, struct tw_err *e)
{
	struct tw_attr attr = attr_of(state);
	struct tw_buf b = TW_BUF_INIT;
	char host[4096];
	bool ok = tw_host_path(path, host, e);

	if (json_is_object(state))
		ok = ok && tw_record_get(r, text_of(state, "sha256"), &b, e) &&
		     tw_file_replace(host, tw_buf_text(&b), b.len, &attr, e);
	else
		ok = ok && tw_file_remove(host, e);
	tw_buf_free(&b);
	return ok;
}

/* in_group tells whether an entry belongs to a group; NULL means every group. */
static bool
in_group(const json_t *entry, const char *group)
{
	return group == NULL || strcmp(text_of(entry, "group"), group) == 0;
}

/* is_directory tells whether an entry is about a directory. */
static bool
is_directory(const json_t *entry)
{
	return strcmp(text_of(entry, "kind"), "directory") == 0;
}

/* entry_apply publishes one entry. */
static bool
entry_apply(const struct tw_record *r, const json_t *entry, tw_report_list *done, struct tw_err *e)
{
	const char *path = text_of(entry, "path");
	const json_t *old = json_object_get(entry, "old"), *new = json_object_get(entry, "new");
	struct tw_attr attr = attr_of(new);
	struct tw_buf b = TW_BUF_INIT;
	char host[4096];
	json_t *now = tw_state_now(path, &b, e);
	bool ok = now != NULL;

	tw_buf_free(&b);
	if (ok && is_directory(entry)) {
		ok = state_is(now, new) ||
		     (tw_host_path(path, host, e) && tw_dir_ensure(host, &attr, e));
	} else if (ok && !state_is(now, new)) {
		ok = state_has_bytes(now, old) || state_has_bytes(now, new);
		if (!ok) {
			tw_fail(e, EX_TEMPFAIL, "'%s' was changed since it was staged", path);
			tw_hint(e, "somebody else is at work on this file; run the deploy again.");
		}
		ok = ok && state_put(r, path, new, e);
		if (ok)
			tw_report_add(
			    done, path,
			    strcmp(text_of(entry, "kind"), "edit") == 0 ? "edited" : "wrote", NULL);
	}
	json_decref(now);
	return ok;
}

/*
 * entry_sweep removes what an earlier, killed run left beside a path, and puts on the disk what it
 * has done in that directory: it may have been killed before it could, and we find all done.
 */
static bool
entry_sweep(const json_t *entry, struct tw_err *e)
{
	char host[4096];

	return tw_host_path(text_of(entry, "path"), host, e) && tw_file_sweep(host, e) &&
	       (!is_directory(entry) || tw_dir_sync(host, e));
}

/* sweep does that for the paths of a group, and in the record. */
static bool
sweep(const struct tw_record *r, const char *group, struct tw_err *e)
{
	json_t *entry;
	size_t i;

	if (!tw_record_sweep(r, e))
		return false;
	json_array_foreach (tw_record_entries(r), i, entry) {
		if (in_group(entry, group) && !entry_sweep(entry, e))
			return false;
	}
	return true;
}

bool
tw_apply(struct tw_record *r, const char *group, tw_report_list *done, struct tw_err *e)
{
	json_t *entry;
	size_t i;

	if (!tw_record_open(r, e) || !sweep(r, group, e))
		return false;
	json_array_foreach (tw_record_entries(r), i, entry) {
		if (in_group(entry, group) && !entry_apply(r, entry, done, e))
			return tw_context(e, "apply '%s'", text_of(entry, "path"));
	}
	return true;
}

/* save_is tells whether a file has these bytes; `*exists` whether there is one. */
static bool
save_is(const char *save, const struct tw_buf *bytes, bool *exists, struct tw_err *e)
{
	struct tw_buf kept = TW_BUF_INIT;
	struct stat st;
	bool same = tw_file_status(save, &st, exists, e) && *exists &&
	            tw_file_read(save, TW_FILE_LIMIT, &kept, NULL, e) && kept.len == bytes->len &&
	            memcmp(tw_buf_text(&kept), tw_buf_text(bytes), bytes->len) == 0;

	tw_buf_free(&kept);
	return same;
}

/* foreign_save keeps what others made of a file beside it, as PATH.twpool-save-NNNN: each version that a repeated
 * restore finds, the second as PATH.twpool-save-NNNN.1. */
static bool
foreign_save(const struct tw_record *r, const char *path, const json_t *now,
             const struct tw_buf *bytes, tw_report_list *done, struct tw_err *e)
{
	char host[4096], save[4096 + 32], suffix[32];
	struct tw_attr attr = attr_of(now);
	bool exists = true, same = false;

	if (!tw_host_path(path, host, e))
		return false;
	snprintf(suffix, sizeof(suffix), ".twpool-save-%04u", r->number);
	for (unsigned i = 1; exists && !same && i < 1000; i++) {
		struct tw_err unread = TW_ERR_INIT;

		if (i > 1)
			snprintf(suffix, sizeof(suffix), ".twpool-save-%04u.%u", r->number, i - 1);
		snprintf(save, sizeof(save), "%s%s", host, suffix);
		exists = false;
		same = save_is(save, bytes, &exists, &unread);
	}
	if (!same && !tw_file_replace(save, tw_buf_text(bytes), bytes->len, &attr, e))
		return false;
	snprintf(save, sizeof(save), "changed since the deploy; kept as %s%s", path, suffix);
	tw_report_add(done, path, "saved", save);
	return true;
}

/* file_restore puts a file that twpool wrote back to its old state. */
static bool
file_restore(const struct tw_record *r, const json_t *entry, const json_t *now,
             const struct tw_buf *bytes, tw_report_list *done, struct tw_err *e)
{
	const char *path = text_of(entry, "path");
	const json_t *old = json_object_get(entry, "old"), *new = json_object_get(entry, "new");

	if (json_is_object(old) ? state_is(now, old) : !json_is_object(now))
		return true;
	if (json_is_object(now) && !state_has_bytes(now, new) && !state_has_bytes(now, old) &&
	    !foreign_save(r, path, now, bytes, done, e))
		return false;
	if (!state_put(r, path, old, e))
		return false;
	tw_report_add(done, path, json_is_object(old) ? "restored" : "removed", NULL);
	return true;
}

/* edit_restore takes edits back; the rest of the file stays as others made it. */
static bool
edit_restore(const struct tw_record *r, const json_t *entry, const json_t *now,
             const struct tw_buf *bytes, tw_report_list *done, struct tw_err *e)
{
	const char *path = text_of(entry, "path");
	struct tw_edits edits = TW_EDITS_INIT;
	struct tw_buf made = TW_BUF_INIT;
	struct tw_attr attr = attr_of(now);
	bool ok, reverted = false;
	char host[4096];

	if (!json_is_object(now) || state_has_bytes(now, json_object_get(entry, "old")) ||
	    state_has_bytes(now, json_object_get(entry, "new")))
		return file_restore(r, entry, now, bytes, done, e);
	attr.has_mtime = false;
	ok = tw_edits_parse(json_object_get(entry, "edits"), &edits, e) &&
	     tw_edits_revert(&edits, tw_buf_text(bytes), bytes->len, &made, &reverted, e);
	if (ok && reverted)
		ok = tw_host_path(path, host, e) &&
		     tw_file_replace(host, tw_buf_text(&made), made.len, &attr, e);
	if (ok && reverted)
		tw_report_add(done, path, "restored",
		              "only twpool's own edit; others' changes stay");
	tw_edits_free(&edits);
	tw_buf_free(&made);
	return ok;
}

/*
 * directory_restore gives a directory its old attributes, or removes one that twpool made, if
 * nothing else is in it.
 */
static bool
directory_restore(const json_t *entry, const json_t *now, tw_report_list *done, struct tw_err *e)
{
	const char *path = text_of(entry, "path");
	const json_t *old = json_object_get(entry, "old");
	struct tw_attr attr = attr_of(old);
	bool kept = false, ok;
	char host[4096];

	if (json_is_object(old) ? state_is(now, old) : !json_is_object(now))
		return true;
	ok = tw_host_path(path, host, e);
	if (json_is_object(old))
		return ok && tw_dir_ensure(host, &attr, e);
	ok = ok && tw_dir_remove(host, &kept, e);
	if (ok && kept)
		tw_report_add(done, path, "kept", "not empty");
	return ok;
}

/* entry_restore puts one path back. */
static bool
entry_restore(const struct tw_record *r, const json_t *entry, tw_report_list *done,
              struct tw_err *e)
{
	struct tw_buf bytes = TW_BUF_INIT;
	json_t *now;
	bool ok;

	now = tw_state_now(text_of(entry, "path"), &bytes, e);
	if (now == NULL)
		ok = false;
	else if (is_directory(entry))
		ok = directory_restore(entry, now, done, e);
	else if (strcmp(text_of(entry, "kind"), "edit") == 0)
		ok = edit_restore(r, entry, now, &bytes, done, e);
	else
		ok = file_restore(r, entry, now, &bytes, done, e);
	json_decref(now);
	tw_buf_free(&bytes);
	return ok;
}

bool
tw_restore(struct tw_record *r, const char *group, tw_report_list *done, size_t *failed,
           struct tw_err *e)
{
	json_t *entries = tw_record_entries(r);

	if (!tw_record_sweep(r, e)) /* litter there is no reason not to restore */
		*e = (struct tw_err)TW_ERR_INIT;
	for (size_t i = json_array_size(entries); i-- > 0;) {
		const json_t *entry = json_array_get(entries, i);

		if (!in_group(entry, group) ||
		    (entry_sweep(entry, e) && entry_restore(r, entry, done, e)))
			continue;
		(*failed)++;
		tw_report_add(done, text_of(entry, "path"), "failed", e->msg);
	}
	if (*failed > 0)
		return tw_fail(e, EX_CANTCREAT, "%zu path(s) could not be restored", *failed);
	return true;
}

/* edits_gone tells whether none of an entry's edits is in a file that others changed. */
static bool
edits_gone(const json_t *entry, const struct tw_buf *bytes)
{
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_edits edits = TW_EDITS_INIT;
	bool gone = tw_edits_parse(json_object_get(entry, "edits"), &edits, &ignored) &&
	            !tw_edits_present(&edits, tw_buf_text(bytes), bytes->len);

	tw_edits_free(&edits);
	return gone;
}

/* entry_holds sets *holds: whether a path is in its recorded state. False: could not tell. */
static bool
entry_holds(const json_t *entry, bool old, bool *holds, struct tw_err *e)
{
	const json_t *want = json_object_get(entry, old ? "old" : "new");
	struct tw_buf bytes = TW_BUF_INIT;
	json_t *now = tw_state_now(text_of(entry, "path"), &bytes, e);
	bool ok = now != NULL;

	if (ok && is_directory(entry)) /* one that others use stays: see directory_restore */
		*holds = old || json_is_object(now);
	else if (ok && json_is_object(want))
		*holds = state_is(now, want) ||
		         (old && json_is_object(now) && json_object_get(entry, "edits") != NULL &&
		          edits_gone(entry, &bytes));
	else if (ok)
		*holds = !json_is_object(now);
	json_decref(now);
	tw_buf_free(&bytes);
	return ok;
}

bool
tw_verify(struct tw_record *r, bool old, json_t *skip, tw_report_list *done, struct tw_err *e)
{
	json_t *entry;
	size_t i;

	json_array_foreach (tw_record_entries(r), i, entry) {
		const char *path = text_of(entry, "path");
		bool holds = false;

		if (json_object_get(skip, path) != NULL)
			continue;
		json_object_set_new(skip, path, json_true());
		if (!entry_holds(entry, old, &holds, e))
			return tw_context(e, "verify '%s'", path);
		if (!holds)
			tw_report_add(done, path, "differs", NULL);
	}
	return true;
}
