/* SPDX-License-Identifier: ISC */
/* stage.c: writes into a record what is to become of a path, and what it is now. See publish.h. */
#include "dsn/edit.h"
#include "publish.h"
#include "xattr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
tw_host_path(const char *path, char out[4096], struct tw_err *e)
{
	int n = snprintf(out, 4096, "%s%s", tw_root(), path);

	if (path[0] != '/')
		return tw_fail(e, EX_USAGE, "'%s' is not an absolute path", path);
	return (n > 0 && n < 4096) || tw_fail(e, EX_USAGE, "'%s' is too long", path);
}

void
tw_report_add(tw_report_list *done, const char *path, const char *action, const char *note)
{
	json_t *one = json_pack("{ss ss}", "path", path, "action", action);

	if (note != NULL)
		json_object_set_new(one, "note", json_string(note));
	json_array_append_new(done, one);
}

/* state_pack is a STATE object; `sha` is NULL for a directory. */
static json_t *
state_pack(const char *sha, const struct tw_attr *attr)
{
	json_t *state = json_pack("{si si si}", "mode", (int)attr->mode, "uid", (int)attr->uid,
	                          "gid", (int)attr->gid);

	if (sha != NULL)
		json_object_set_new(state, "sha256", json_string(sha));
	if (sha != NULL && attr->has_mtime)
		json_object_set_new(state, "mtime_ns",
		                    json_integer((json_int_t)attr->mtime.tv_sec * 1000000000 +
		                                 attr->mtime.tv_nsec));
	return state;
}

json_t *
tw_state_now(const char *path, struct tw_buf *bytes, struct tw_err *e)
{
	char host[4096], sha[TW_SHA256_SIZE];
	json_t *xattrs = NULL, *state;
	struct tw_attr attr;
	struct stat st;
	bool exists;

	if (!tw_host_path(path, host, e) || !tw_file_status(host, &st, &exists, e))
		return NULL;
	if (!exists)
		return json_null();
	attr = (struct tw_attr){ st.st_mode & 07777, st.st_uid, st.st_gid, true, st.st_mtim, NULL };
	if (S_ISDIR(st.st_mode))
		return state_pack(NULL, &attr);
	if (!tw_file_read(host, TW_RECORD_FILE_LIMIT, bytes, &st, e) ||
	    !tw_xattrs_host(host, &xattrs, e))
		return NULL;
	tw_sha256(tw_buf_text(bytes), bytes->len, sha);
	state = state_pack(sha, &attr);
	if (xattrs != NULL)
		json_object_set_new(state, "xattrs", xattrs);
	return state;
}

/* state_same compares what a new file is judged by: bytes and attributes, not its time. */
static bool
state_same(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "sha256", "mode", "uid", "gid" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])) &&
		    json_object_get(a, keys[i]) != json_object_get(b, keys[i]))
			return false;
	}
	return json_is_object(a) && json_is_object(b);
}

/* entry_find is the record's entry for a path, or NULL. */
static json_t *
entry_find(const struct tw_record *r, const char *path)
{
	json_t *entry;
	size_t i;

	json_array_foreach (tw_record_entries(r), i, entry) {
		if (strcmp(json_string_value(json_object_get(entry, "path")), path) == 0)
			return entry;
	}
	return NULL;
}

/* entry_add appends an entry (stealing old and new) and says so; "unchanged" adds nothing. */
static bool
entry_add(struct tw_record *r, const char *kind, const char *group, const char *path, json_t *old,
          json_t *new, tw_report_list *done, struct tw_err *e)
{
	json_t *before = entry_find(r, path);

	if (before != NULL && state_same(json_object_get(before, "new"), new)) {
		json_decref(old);
		json_decref(new);
		return true;
	}
	if (before != NULL) {
		json_decref(old);
		json_decref(new);
		return tw_fail(e, EX_USAGE, "'%s' is staged already", path);
	}
	if (state_same(old, new)) {
		json_decref(old);
		json_decref(new);
		tw_report_add(done, path, "unchanged", NULL);
		return true;
	}
	json_array_append_new(tw_record_entries(r),
	                      json_pack("{ss ss ss so so}", "kind", kind, "group", group, "path",
	                                path, "old", old, "new", new));
	tw_report_add(done, path, "staged", NULL);
	return true;
}

/* parents_stage stages every missing parent of `path`, outermost first. */
static bool
parents_stage(struct tw_record *r, const char *group, const char *path, tw_report_list *done,
              struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0755, .uid = geteuid(), .gid = getegid() };
	char parent[4096], host[4096];
	struct stat st;
	bool exists;

	for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(at - path), path);
		if (!tw_host_path(parent, host, e) || !tw_file_status(host, &st, &exists, e))
			return false;
		if (exists || entry_find(r, parent) != NULL)
			continue;
		if (!entry_add(r, "directory", group, parent, json_null(), state_pack(NULL, &attr),
		               done, e))
			return false;
	}
	return true;
}

/* old_keep is the state of `path` now, with its bytes kept in the record. NULL: error. */
static json_t *
old_keep(struct tw_record *r, const char *path, struct tw_buf *bytes, struct tw_err *e)
{
	char sha[TW_SHA256_SIZE];
	json_t *old = tw_state_now(path, bytes, e);

	if (json_object_get(old, "sha256") != NULL &&
	    !tw_record_put(r, tw_buf_text(bytes), bytes->len, sha, e)) {
		json_decref(old);
		return NULL;
	}
	return old;
}

bool
tw_stage_file(struct tw_record *r, const char *group, const char *src, const char *dest,
              const struct tw_attr *attr, tw_report_list *done, struct tw_err *e)
{
	struct tw_buf was = TW_BUF_INIT, bytes = TW_BUF_INIT;
	char sha[TW_SHA256_SIZE];
	json_t *old = NULL;
	bool ok;

	ok = tw_file_read(src, TW_RECORD_FILE_LIMIT, &bytes, NULL, e) &&
	     parents_stage(r, group, dest, done, e) && (old = old_keep(r, dest, &was, e)) != NULL;
	if (ok && json_is_object(old) && json_object_get(old, "sha256") == NULL)
		ok = tw_fail(e, EX_CANTCREAT, "'%s' is a directory", dest);
	ok = ok && tw_record_put(r, tw_buf_text(&bytes), bytes.len, sha, e);
	if (ok)
		ok = entry_add(r, "file", group, dest, old, state_pack(sha, attr), done, e) &&
		     tw_record_save(r, e);
	else
		json_decref(old);
	tw_buf_free(&was);
	tw_buf_free(&bytes);
	return ok;
}

bool
tw_stage_directory(struct tw_record *r, const char *group, const char *dest,
                   const struct tw_attr *attr, tw_report_list *done, struct tw_err *e)
{
	struct tw_buf none = TW_BUF_INIT;
	json_t *old = NULL;
	bool ok;

	ok = parents_stage(r, group, dest, done, e) && (old = tw_state_now(dest, &none, e)) != NULL;
	tw_buf_free(&none);
	if (ok && json_object_get(old, "sha256") != NULL) {
		json_decref(old);
		return tw_fail(e, EX_CANTCREAT, "'%s' is not a directory", dest);
	}
	return ok && entry_add(r, "directory", group, dest, old, state_pack(NULL, attr), done, e) &&
	       tw_record_save(r, e);
}

/* below_root is the part of a host path below TWPOOL_ROOT, or NULL. */
static const char *
below_root(const char *path)
{
	size_t n = strlen(tw_root());

	return strncmp(path, tw_root(), n) == 0 && path[n] == '/' ? path + n : NULL;
}

/* entry_edits keeps the edits, with their contexts, in an entry. */
static bool
entry_edits(json_t *entry, const struct tw_edits *edits, struct tw_err *e)
{
	json_t *list = tw_edits_json(edits, true);

	if (json_array_size(list) != edits->n) {
		json_decref(list);
		return tw_fail(e, EX_DATAERR, "an edit is not UTF-8 text");
	}
	json_object_set_new(entry, "edits", list);
	return true;
}

/* edit_entry stages the edits of one file. */
static bool
edit_entry(struct tw_record *r, const char *group, const char *path, struct tw_edits *edits,
           tw_report_list *done, struct tw_err *e)
{
	struct tw_buf was = TW_BUF_INIT, bytes = TW_BUF_INIT;
	json_t *old = old_keep(r, path, &was, e), *new = NULL;
	char sha[TW_SHA256_SIZE];
	bool ok = old != NULL;

	if (ok && json_object_get(old, "sha256") == NULL)
		ok = tw_fail(e, EX_NOINPUT, "'%s' is not there", path);
	ok = ok && tw_edits_apply(edits, was.data, was.len, &bytes, e) &&
	     tw_record_put(r, bytes.data, bytes.len, sha, e);
	if (ok) {
		new = json_copy(old);
		json_object_del(new, "mtime_ns");
		json_object_del(new, "xattrs");
		json_object_set_new(new, "sha256", json_string(sha));
		ok = entry_add(r, "edit", group, path, old, new, done, e);
		if (ok && entry_find(r, path) != NULL)
			ok = entry_edits(entry_find(r, path), edits, e);
		ok = ok && tw_record_save(r, e);
	} else {
		json_decref(old);
	}
	tw_buf_free(&was);
	tw_buf_free(&bytes);
	return ok || tw_context(e, "stage '%s'", path);
}

bool
tw_stage_edits(struct tw_record *r, const char *group, const json_t *report, tw_report_list *done,
               struct tw_err *e)
{
	const json_t *files = json_object_get(report, "files");
	json_t *file;
	size_t i;

	if (!json_is_array(files))
		return tw_fail(e, EX_DATAERR, "not a report of twpool-dsn set: no list \"files\"");
	json_array_foreach (files, i, file) {
		const char *path = json_string_value(json_object_get(file, "path"));
		struct tw_edits edits = TW_EDITS_INIT;
		bool ok;

		if (path == NULL || (path = below_root(path)) == NULL)
			return tw_fail(e, EX_DATAERR,
			               "files[%zu].path is not an absolute path below '%s/'", i,
			               tw_root());
		ok = tw_edits_parse(json_object_get(file, "edits"), &edits, e) &&
		     (edits.n == 0 || edit_entry(r, group, path, &edits, done, e));
		tw_edits_free(&edits);
		if (!ok)
			return false;
	}
	return true;
}
