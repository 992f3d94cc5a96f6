/* SPDX-License-Identifier: ISC */
/* dsn_write.c: carries out a plan: the record first, then file by file, back on failure. */
#include "base/file.h"
#include "dsn_plan.h"

#include <string.h>
#include <unistd.h>

/* attr_of are the attributes of a file, with a time where it is put back as it was. */
static struct tw_attr
attr_of(const struct stat *st, bool has_mtime, struct timespec mtime)
{
	return (
	    struct tw_attr){ st->st_mode & 07777, st->st_uid, st->st_gid, has_mtime, mtime, NULL };
}

/* edits_whole makes sure that JSON can hold every edit: bytes that are not UTF-8 it cannot. */
static json_t *
edits_whole(const struct tw_edits *edits)
{
	json_t *list = tw_edits_json(edits, true);

	if (list != NULL && json_array_size(list) == edits->n)
		return list;
	json_decref(list);
	return NULL;
}

/* dsns_json is a new list of what tells the DSNs of a file apart, for the way back; or NULL. */
static json_t *
dsns_json(const struct tw_dsn_file *f)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < f->n; i++) {
		const struct tw_dsn_found *d = &f->before.item[f->meant[i].index];

		ok = json_array_append_new(list, json_pack("{ss? ss? ss?}", "pointer", d->pointer,
		                                           "dbname", d->dsn.value[TW_DSN_DBNAME],
		                                           "user", d->dsn.value[TW_DSN_USER])) == 0;
	}
	if (!ok)
		json_decref(list);
	return ok ? list : NULL;
}

/* time_ns is when a file was changed last, in nanoseconds since 1970. */
static json_int_t
time_ns(const struct stat *st)
{
	return (json_int_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* record_text appends the record of a plan. */
static bool
record_text(const struct tw_dsn_plan *plan, struct tw_buf *out, struct tw_err *e)
{
	json_t *report = tw_json_report("twpool-dsn", "changed"), *files = json_array();
	bool ok = true;

	for (size_t i = 0; ok && i < plan->n; i++) {
		const struct tw_dsn_file *f = &plan->file[i];
		char sha[TW_SHA256_SIZE];
		json_t *file;

		if (!f->changes)
			continue;
		tw_sha256(tw_buf_text(&f->old), f->old.len, sha);
		/* a NULL among the values makes the whole NULL, and nothing of it leaks */
		file = json_pack("{ss sI ss so so}", "path", f->absolute, "mtime_ns",
		                 time_ns(&f->st), "sha256", sha, "dsns", dsns_json(f), "edits",
		                 edits_whole(&f->edits));
		ok = file != NULL && json_array_append_new(files, file) == 0;
		if (!ok)
			tw_fail(e, EX_DATAERR,
			        "%s: its name or old text is not UTF-8, which a record "
			        "cannot hold",
			        f->path);
	}
	if (ok && json_object_set_new(report, "files", files) != 0)
		ok = tw_fail(e, EX_OSERR, "out of memory");
	else if (!ok)
		json_decref(files);
	ok = ok && tw_json_text(report, out, e);
	json_decref(report);
	return ok;
}

/* record_write writes the record of a plan to a path where nothing is yet. */
static bool
record_write(const struct tw_dsn_plan *plan, const char *path, struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	struct tw_buf text = TW_BUF_INIT;
	bool exists = false, ok;
	struct stat st;

	if (!tw_file_status(path, &st, &exists, e))
		return false;
	if (exists) {
		tw_fail(e, EX_CANTCREAT, "record '%s' exists", path);
		return tw_hint(e,
		               "it may be needed to take an earlier change back; name a new file.");
	}
	ok = record_text(plan, &text, e) && tw_file_replace(path, text.data, text.len, &attr, e);
	tw_buf_free(&text);
	return ok;
}

/* file_write replaces one file, unless somebody changed it since it was read. */
static bool
file_write(const struct tw_dsn_file *f, struct tw_err *e)
{
	struct tw_attr attr = attr_of(&f->st, f->has_mtime, f->mtime);
	struct tw_buf now = TW_BUF_INIT;
	struct stat st;
	bool ok = tw_file_read(f->path, TW_FILE_LIMIT, &now, &st, e);

	if (ok && (now.len != f->old.len ||
	           memcmp(tw_buf_text(&now), tw_buf_text(&f->old), now.len) != 0))
		ok = tw_fail(e, EX_TEMPFAIL, "'%s' was changed meanwhile", f->path);
	tw_buf_free(&now);
	return ok && tw_file_replace(f->path, f->new.data, f->new.len, &attr, e);
}

/* files_restore puts the first n files back as they were, their times included. */
static bool
files_restore(const struct tw_dsn_plan *plan, size_t n)
{
	struct tw_err ignored = TW_ERR_INIT;
	bool ok = true;

	while (n-- > 0) {
		const struct tw_dsn_file *f = &plan->file[n];
		struct tw_attr attr = attr_of(&f->st, true, f->st.st_mtim);

		if (f->changes &&
		    !tw_file_replace(f->path, tw_buf_text(&f->old), f->old.len, &attr, &ignored))
			ok = false;
	}
	return ok;
}

bool
tw_dsn_plan_write(const struct tw_dsn_plan *plan, const char *record, struct tw_err *e)
{
	struct tw_err ignored = TW_ERR_INIT;
	bool ok = true;
	size_t n;

	if (!tw_dsn_plan_changes(plan))
		return true;
	if (record != NULL && !record_write(plan, record, e))
		return false;
	for (n = 0; ok && n < plan->n; n++)
		ok = !plan->file[n].changes || file_write(&plan->file[n], e);
	if (ok)
		return true;
	if (!files_restore(plan, n - 1)) {
		if (record != NULL)
			return tw_hint(
			    e, "some files are changed: twpool-dsn revert '%s' takes that back.",
			    record);
		return tw_hint(e, "some files are changed: run the command again.");
	}
	if (record != NULL)
		tw_file_remove(record, &ignored);
	return false;
}
