/* SPDX-License-Identifier: ISC */
/* record.c: generations on disk. What they mean for the host is publish.c's business. */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_SCHEMA 1

/* own_attr is what everything in a record belongs to: its user alone. */
static struct tw_attr
own_attr(mode_t mode)
{
	return (struct tw_attr){ .mode = mode, .uid = geteuid(), .gid = getegid() };
}

void
tw_record_state_dir(char out[4096])
{
	snprintf(out, 4096, "%s/var/lib/twpool", tw_root());
}

/* dir_of writes the directory of a generation. */
static void
dir_of(unsigned number, char out[4096])
{
	snprintf(out, 4096, "%s/var/lib/twpool/generations/%04u", tw_root(), number);
}

/* path_in writes DIR/name, or fails where that is too long. */
static bool
path_in(const struct tw_record *r, const char *name, char out[4096], struct tw_err *e)
{
	int n = snprintf(out, 4096, "%s/%s", r->dir, name);

	return (n > 0 && n < 4096) || tw_fail(e, EX_DATAERR, "'%s/%s': too long", r->dir, name);
}

/* number_compare orders generations for qsort. */
static int
number_compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* has_manifest tells whether a generation's directory holds one: else it was never begun whole. */
static bool
has_manifest(int dir, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/manifest.json", name);
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* numbers_read appends every directory name that is a number; `whole`: with a manifest in it. */
static bool
numbers_read(DIR *d, bool whole, unsigned **list, size_t *n, struct tw_err *e)
{
	const struct dirent *entry;

	while ((entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);
		unsigned *grown;

		if (len < 4 || len > 9 || strspn(entry->d_name, "0123456789") != len)
			continue;
		if (whole && !has_manifest(dirfd(d), entry->d_name))
			continue;
		grown = reallocarray(*list, *n + 1, sizeof(**list));
		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		*list = grown;
		(*list)[(*n)++] = (unsigned)strtoul(entry->d_name, NULL, 10);
	}
	return true;
}

/* numbers_list lists the directories of generations, ascending. */
static bool
numbers_list(bool whole, unsigned **list, size_t *n, struct tw_err *e)
{
	char path[4096 + 16], state[4096];
	unsigned *own = NULL;
	size_t count = 0;
	bool ok;
	DIR *d;

	tw_record_state_dir(state);
	snprintf(path, sizeof(path), "%s/generations", state);
	d = opendir(path);
	if (d == NULL && errno != ENOENT)
		return tw_fail_errno(e, EX_NOPERM, "'%s'", path);
	ok = d == NULL || numbers_read(d, whole, &own, &count, e);
	if (d != NULL)
		closedir(d);
	if (!ok) {
		free(own);
		return false;
	}
	if (count > 0)
		qsort(own, count, sizeof(*own), number_compare);
	*list = own;
	*n = count;
	return true;
}

bool
tw_record_numbers(unsigned **list, size_t *n, struct tw_err *e)
{
	return numbers_list(true, list, n, e);
}

/* parents_ensure makes ROOT/var/lib/twpool/generations (0700) below an existing ROOT. */
static bool
parents_ensure(struct tw_err *e)
{
	static const char *const parts[] = { "/var", "/var/lib", "/var/lib/twpool",
		                             "/var/lib/twpool/generations" };
	struct tw_attr open = own_attr(0755), shut = own_attr(0700);
	struct stat st;
	char path[4096];
	bool ok = true, exists;

	for (size_t i = 0; ok && i < sizeof(parts) / sizeof(*parts); i++) {
		snprintf(path, sizeof(path), "%s%s", tw_root(), parts[i]);
		ok = tw_file_status(path, &st, &exists, e) &&
		     (exists || tw_dir_ensure(path, i < 2 ? &open : &shut, e));
	}
	return ok;
}

/* site_copy keeps the site file in the record: a later rollback must not depend on the live one. */
static bool
site_copy(const struct tw_record *r, const char *site, struct tw_err *e)
{
	struct tw_attr attr = own_attr(0600);
	struct tw_buf b = TW_BUF_INIT;
	char path[4096];
	bool ok = tw_file_read(site, TW_FILE_LIMIT, &b, NULL, e) &&
	          path_in(r, "site.json", path, e) &&
	          tw_file_replace(path, b.data, b.len, &attr, e);

	tw_buf_free(&b);
	return ok;
}

bool
tw_record_begin(const char *site, struct tw_record *r, struct tw_err *e)
{
	struct tw_record own = TW_RECORD_INIT;
	struct tw_attr shut = own_attr(0700);
	char now[TW_TIME_SIZE], path[4096];
	unsigned *list = NULL;
	size_t n = 0;
	bool ok;

	if (!parents_ensure(e) || !numbers_list(false, &list, &n, e))
		return false;
	own.number = n > 0 ? list[n - 1] + 1 : 1;
	free(list);
	dir_of(own.number, own.dir);
	tw_time_now(now);
	own.manifest = json_pack("{si sI ss ss s{} s[]}", "schema", RECORD_SCHEMA, "generation",
	                         (json_int_t)own.number, "state", "open", "created", now, "notes",
	                         "entries");
	ok = own.manifest != NULL || tw_fail(e, EX_OSERR, "out of memory");
	ok = ok && tw_dir_ensure(own.dir, &shut, e) && path_in(&own, "files", path, e) &&
	     tw_dir_ensure(path, &shut, e) && (site == NULL || site_copy(&own, site, e)) &&
	     tw_record_save(&own, e);
	if (!ok) {
		tw_record_free(&own);
		return false;
	}
	*r = own;
	return true;
}

/* state_check holds the state of a path against what state_pack of stage.c writes. */
static bool
state_check(const json_t *state, bool directory)
{
	json_int_t mode = json_integer_value(json_object_get(state, "mode"));
	json_int_t uid = json_integer_value(json_object_get(state, "uid"));
	json_int_t gid = json_integer_value(json_object_get(state, "gid"));
	const char *sha = json_string_value(json_object_get(state, "sha256"));

	return json_is_integer(json_object_get(state, "mode")) && mode >= 0 && mode <= 07777 &&
	       json_is_integer(json_object_get(state, "uid")) && uid >= 0 && uid < UINT32_MAX &&
	       json_is_integer(json_object_get(state, "gid")) && gid >= 0 && gid < UINT32_MAX &&
	       (directory ? sha == NULL : sha != NULL && strlen(sha) == 64);
}

/* entry_check refuses an entry that stage.c cannot have written: acting on it would do harm. */
static bool
entry_check(const json_t *entry)
{
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	const char *path = json_string_value(json_object_get(entry, "path"));
	const json_t *old = json_object_get(entry, "old");
	bool directory = kind != NULL && strcmp(kind, "directory") == 0;
	bool edit = kind != NULL && strcmp(kind, "edit") == 0;

	return (directory || edit || (kind != NULL && strcmp(kind, "file") == 0)) &&
	       json_is_string(json_object_get(entry, "group")) && path != NULL && path[0] == '/' &&
	       strstr(path, "/../") == NULL && old != NULL &&
	       (json_is_null(old) || state_check(old, directory)) &&
	       state_check(json_object_get(entry, "new"), directory) &&
	       (!edit || json_is_array(json_object_get(entry, "edits")));
}

/* manifest_check refuses what this version cannot have written. */
static bool
manifest_check(const struct tw_record *r, const char *path, struct tw_err *e)
{
	json_int_t schema = json_integer_value(json_object_get(r->manifest, "schema"));
	json_t *entry;
	size_t i;

	if (schema > RECORD_SCHEMA) {
		tw_fail(e, EX_DATAERR, "%s: written by a newer twpool (schema %lld)", path,
		        (long long)schema);
		return tw_hint(e, "use the twpool that wrote it, or a newer one.");
	}
	if (schema != RECORD_SCHEMA ||
	    json_integer_value(json_object_get(r->manifest, "generation")) != r->number ||
	    !json_is_string(json_object_get(r->manifest, "state")) ||
	    !json_is_string(json_object_get(r->manifest, "created")) ||
	    !json_is_object(json_object_get(r->manifest, "notes")) ||
	    !json_is_array(json_object_get(r->manifest, "entries")))
		return tw_fail(e, EX_DATAERR, "%s: not the record of generation %04u", path,
		               r->number);
	json_array_foreach (tw_record_entries(r), i, entry) {
		if (!entry_check(entry))
			return tw_fail(e, EX_DATAERR, "%s: entry %zu is damaged", path, i);
	}
	return true;
}

bool
tw_record_load(unsigned number, struct tw_record *r, struct tw_err *e)
{
	struct tw_record own = { .number = number };
	char path[4096];

	dir_of(number, own.dir);
	if (!path_in(&own, "manifest.json", path, e))
		return false;
	own.manifest = tw_json_load(path, e);
	if (own.manifest == NULL) {
		if (e->exit == EX_CONFIG)
			e->exit = EX_DATAERR;
		return tw_context(e, "generation %04u", number);
	}
	if (!manifest_check(&own, path, e)) {
		tw_record_free(&own);
		return false;
	}
	*r = own;
	return true;
}

bool
tw_record_save(const struct tw_record *r, struct tw_err *e)
{
	struct tw_attr attr = own_attr(0600);
	struct tw_buf b = TW_BUF_INIT;
	char path[4096];
	bool ok = path_in(r, "manifest.json", path, e) && tw_json_text(r->manifest, &b, e) &&
	          tw_file_replace(path, b.data, b.len, &attr, e);

	tw_buf_free(&b);
	return ok;
}

/* files_remove removes every file of one of the record's directories. */
static bool
files_remove(const char *directory, struct tw_err *e)
{
	const struct dirent *entry;
	DIR *d = opendir(directory);
	char path[4096 + 256];
	bool ok = true;

	while (ok && d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_type == DT_DIR)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		ok = tw_file_remove(path, e);
	}
	if (d != NULL)
		closedir(d);
	return ok;
}

bool
tw_record_drop(struct tw_record *r, struct tw_err *e)
{
	char path[4096];
	bool kept, ok;

	if (json_array_size(tw_record_entries(r)) > 0)
		return tw_fail(e, EX_USAGE, "generation %04u has entries", r->number);
	/* Without its manifest the rest is nobody's generation, should we be killed here. */
	ok = path_in(r, "manifest.json", path, e) && tw_file_remove(path, e) &&
	     path_in(r, "files", path, e) && files_remove(path, e) &&
	     tw_dir_remove(path, &kept, e) && files_remove(r->dir, e) &&
	     tw_dir_remove(r->dir, &kept, e);
	return ok && (!kept || tw_fail(e, EX_CANTCREAT, "'%s' is not empty", r->dir));
}

const char *
tw_record_state(const struct tw_record *r)
{
	return json_string_value(json_object_get(r->manifest, "state"));
}

json_t *
tw_record_entries(const struct tw_record *r)
{
	return json_object_get(r->manifest, "entries");
}

/* object_path writes where the bytes with a digest are kept; refuses what is not a digest. */
static bool
object_path(const struct tw_record *r, const char *sha, char out[4096], struct tw_err *e)
{
	char name[TW_SHA256_SIZE + 8];

	if (sha == NULL || strlen(sha) != 64 || strspn(sha, "0123456789abcdef") != 64)
		return tw_fail(e, EX_DATAERR, "generation %04u: not a sha256", r->number);
	snprintf(name, sizeof(name), "files/%s", sha);
	return path_in(r, name, out, e);
}

bool
tw_record_put(const struct tw_record *r, const void *bytes, size_t n, char sha[TW_SHA256_SIZE],
              struct tw_err *e)
{
	struct tw_attr attr = own_attr(0600);
	char path[4096];

	tw_sha256(bytes, n, sha);
	return object_path(r, sha, path, e) && tw_file_replace(path, bytes, n, &attr, e);
}

bool
tw_record_get(const struct tw_record *r, const char *sha, struct tw_buf *b, struct tw_err *e)
{
	struct tw_buf own = TW_BUF_INIT;
	char path[4096], real[TW_SHA256_SIZE];
	bool ok = object_path(r, sha, path, e) &&
	          tw_file_read(path, TW_RECORD_FILE_LIMIT, &own, NULL, e);

	if (ok) {
		tw_sha256(tw_buf_text(&own), own.len, real);
		ok = strcmp(real, sha) == 0 || tw_fail(e, EX_DATAERR, "'%s' is damaged", path);
	}
	ok = ok && tw_buf_add(b, tw_buf_text(&own), own.len, e);
	tw_buf_free(&own);
	return ok;
}

void
tw_record_free(struct tw_record *r)
{
	json_decref(r->manifest);
	*r = (struct tw_record)TW_RECORD_INIT;
}
