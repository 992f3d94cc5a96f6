/* SPDX-License-Identifier: ISC */
/* record.c: generations on disk. What they mean for the host is publish.c's business. */
#include "record.h"

#include <dirent.h>
#include <errno.h>
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

/* numbers_read appends every directory name that is a number. */
static bool
numbers_read(DIR *d, unsigned **list, size_t *n, struct tw_err *e)
{
	const struct dirent *entry;

	while ((entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);
		unsigned *grown;

		if (len < 4 || len > 9 || strspn(entry->d_name, "0123456789") != len)
			continue;
		grown = reallocarray(*list, *n + 1, sizeof(**list));
		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		*list = grown;
		(*list)[(*n)++] = (unsigned)strtoul(entry->d_name, NULL, 10);
	}
	return true;
}

bool
tw_record_numbers(unsigned **list, size_t *n, struct tw_err *e)
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
	ok = d == NULL || numbers_read(d, &own, &count, e);
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

	if (!parents_ensure(e) || !tw_record_numbers(&list, &n, e))
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

/* manifest_check refuses what this version cannot have written. */
static bool
manifest_check(const struct tw_record *r, const char *path, struct tw_err *e)
{
	json_int_t schema = json_integer_value(json_object_get(r->manifest, "schema"));

	if (schema > RECORD_SCHEMA) {
		tw_fail(e, EX_DATAERR, "%s: written by a newer twpool (schema %lld)", path,
		        (long long)schema);
		return tw_hint(e, "use the twpool that wrote it, or a newer one.");
	}
	if (schema != RECORD_SCHEMA ||
	    json_integer_value(json_object_get(r->manifest, "generation")) != r->number ||
	    !json_is_string(json_object_get(r->manifest, "state")) ||
	    !json_is_object(json_object_get(r->manifest, "notes")) ||
	    !json_is_array(json_object_get(r->manifest, "entries")))
		return tw_fail(e, EX_DATAERR, "%s: not the record of generation %04u", path,
		               r->number);
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

/* files_remove empties the record's files/. */
static bool
files_remove(const struct tw_record *r, struct tw_err *e)
{
	char files[4096], path[4096 + 256];
	const struct dirent *entry;
	bool ok = path_in(r, "files", files, e);
	DIR *d = ok ? opendir(files) : NULL;

	while (ok && d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", files, entry->d_name);
		ok = tw_file_remove(path, e);
	}
	if (d != NULL)
		closedir(d);
	return ok;
}

bool
tw_record_drop(struct tw_record *r, struct tw_err *e)
{
	static const char *const names[] = { "site.json", "evidence.json", "manifest.json" };
	char path[4096];
	bool kept, ok;

	if (json_array_size(tw_record_entries(r)) > 0)
		return tw_fail(e, EX_USAGE, "generation %04u has entries", r->number);
	ok = files_remove(r, e) && path_in(r, "files", path, e) && tw_dir_remove(path, &kept, e);
	for (size_t i = 0; ok && i < sizeof(names) / sizeof(*names); i++)
		ok = path_in(r, names[i], path, e) && tw_file_remove(path, e);
	return ok && tw_dir_remove(r->dir, &kept, e);
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
