/* SPDX-License-Identifier: ISC */
/* generations.c: the list of generations, their beginning and end. What is in one is record.c's. */
#include "manifest.h"
#include "record.h"
#include "record_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tw_attr
tw_record_attr(mode_t mode)
{
	return (struct tw_attr){ .mode = mode, .uid = geteuid(), .gid = getegid() };
}

void
tw_record_state_dir(char out[4096])
{
	snprintf(out, 4096, "%s/var/lib/twpool", tw_root());
}

void
tw_record_dir(unsigned number, char out[4096])
{
	snprintf(out, 4096, "%s/var/lib/twpool/generations/%04u", tw_root(), number);
}

bool
tw_record_path(const struct tw_record *r, const char *name, char out[4096], struct tw_err *e)
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

/* dir_is_empty sets *empty: nothing is in a directory below `dir`, or it is not there. */
static bool
dir_is_empty(int dir, const char *name, bool *empty, struct tw_err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error;
	const struct dirent *entry;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	*empty = true;
	if (d == NULL) {
		error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return error == ENOENT || tw_fail_errno(e, EX_IOERR, "'%s'", name);
	}
	while ((errno = 0, entry = readdir(d)) != NULL)
		*empty = *empty && entry->d_name[0] == '.';
	error = errno;
	closedir(d);
	errno = error;
	return error == 0 || tw_fail_errno(e, EX_IOERR, "'%s'", name);
}

/*
 * whole_is sets *whole: a generation's directory has its manifest. Without one it was never begun
 * whole, unless it holds bytes of the host: then the manifest was lost, and nothing is guessed.
 */
static bool
whole_is(int dir, const char *name, bool *whole, struct tw_err *e)
{
	char path[300];
	bool empty;

	snprintf(path, sizeof(path), "%s/manifest.json", name);
	*whole = faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (*whole)
		return true;
	if (errno != ENOENT)
		return tw_fail_errno(e, EX_IOERR, "generation %s", name);
	snprintf(path, sizeof(path), "%s/files", name);
	if (!dir_is_empty(dir, path, &empty, e))
		return false;
	if (empty)
		return true;
	tw_fail(e, EX_DATAERR, "generation %s has lost its manifest.json", name);
	return tw_hint(e, "bring it back from a backup; if the host is as it should be, move the "
	                  "generation's directory away.");
}

/* numbers_read appends every directory name that is a number, and has a manifest in it: `whole`. */
static bool
numbers_read(DIR *d, bool whole, unsigned **list, size_t *n, struct tw_err *e)
{
	const struct dirent *entry;

	while ((errno = 0, entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name);
		unsigned *grown;
		bool has = false;

		if (len < 4 || len > 9 || strspn(entry->d_name, "0123456789") != len)
			continue;
		if (!whole_is(dirfd(d), entry->d_name, &has, e))
			return false;
		if (has != whole)
			continue;
		grown = reallocarray(*list, *n + 1, sizeof(**list));
		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		*list = grown;
		(*list)[(*n)++] = (unsigned)strtoul(entry->d_name, NULL, 10);
	}
	return errno == 0 || tw_fail_errno(e, EX_IOERR, "the list of generations");
}

/* numbers_list lists the directories of generations, ascending: those that are whole, or the rest.
 */
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
	struct tw_attr open = tw_record_attr(0755), shut = tw_record_attr(0700);
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

/* files_remove removes every file of a directory; none is fine. */
static bool
files_remove(const char *directory, struct tw_err *e)
{
	const struct dirent *entry;
	DIR *d = opendir(directory);
	char path[4096 + 256];
	bool ok = true;

	if (d == NULL)
		return errno == ENOENT || tw_fail_errno(e, EX_IOERR, "'%s'", directory);
	while (ok && (errno = 0, entry = readdir(d)) != NULL) {
		if (entry->d_type == DT_DIR)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		ok = tw_file_remove(path, e);
	}
	if (ok && errno != 0)
		ok = tw_fail_errno(e, EX_IOERR, "'%s'", directory);
	closedir(d);
	return ok;
}

/*
 * own_remove removes a generation's directory with all that twpool keeps there. Killed before the manifest
 * goes, it is a generation that changed nothing, with all that one has; after that, it is litter.
 */
static bool
own_remove(const struct tw_record *r, struct tw_err *e)
{
	char path[4096];
	bool kept, ok;

	ok = tw_record_path(r, "files", path, e) && files_remove(path, e) &&
	     tw_dir_remove(path, &kept, e) && tw_record_path(r, "manifest.json", path, e) &&
	     tw_file_remove(path, e) && files_remove(r->dir, e) && tw_dir_remove(r->dir, &kept, e);
	return ok && (!kept || tw_fail(e, EX_CANTCREAT, "'%s' is not empty", r->dir));
}

/* litter_remove removes what a killed begin or drop left: a generation that never was one. */
static bool
litter_remove(struct tw_err *e)
{
	unsigned *list = NULL;
	size_t n = 0;
	bool ok = numbers_list(false, &list, &n, e);

	for (size_t i = 0; ok && i < n; i++) {
		struct tw_record r = { .number = list[i] };

		tw_record_dir(list[i], r.dir);
		ok = own_remove(&r, e);
	}
	free(list);
	return ok;
}

/* site_copy keeps the site file in the record: a later rollback must not depend on the live one. */
static bool
site_copy(const struct tw_record *r, const char *site, struct tw_err *e)
{
	struct tw_attr attr = tw_record_attr(0600);
	struct tw_buf b = TW_BUF_INIT;
	char path[4096], sha[TW_SHA256_SIZE];
	bool ok = tw_file_read(site, TW_FILE_LIMIT, &b, NULL, e) &&
	          tw_record_path(r, "site.json", path, e) &&
	          tw_file_replace(path, tw_buf_text(&b), b.len, &attr, e);

	if (ok) {
		tw_sha256(tw_buf_text(&b), b.len, sha);
		ok = json_object_set_new(r->manifest, "site_sha256", json_string(sha)) == 0 ||
		     tw_fail(e, EX_OSERR, "out of memory");
	}
	tw_buf_free(&b);
	return ok;
}

bool
tw_record_begin(const char *site, struct tw_record *r, struct tw_err *e)
{
	struct tw_record own = TW_RECORD_INIT;
	struct tw_attr shut = tw_record_attr(0700);
	char now[TW_TIME_SIZE], path[4096];
	unsigned *list = NULL;
	size_t n = 0;
	bool ok;

	if (!parents_ensure(e) || !litter_remove(e) || !numbers_list(true, &list, &n, e))
		return false;
	own.number = n > 0 ? list[n - 1] + 1 : 1;
	free(list);
	tw_record_dir(own.number, own.dir);
	tw_time_now(now);
	own.manifest = tw_manifest_new(own.number, now);
	ok = own.manifest != NULL || tw_fail(e, EX_OSERR, "out of memory");
	ok = ok && tw_dir_ensure(own.dir, &shut, e) && tw_record_path(&own, "files", path, e) &&
	     tw_dir_ensure(path, &shut, e) && (site == NULL || site_copy(&own, site, e)) &&
	     tw_record_save(&own, e);
	if (!ok) {
		tw_record_free(&own);
		return false;
	}
	*r = own;
	return true;
}

bool
tw_record_drop(struct tw_record *r, struct tw_err *e)
{
	if (json_array_size(tw_record_entries(r)) > 0)
		return tw_fail(e, EX_USAGE, "generation %04u has entries", r->number);
	if (json_object_del(r->manifest, "site_sha256") == 0 && !tw_record_save(r, e))
		return false;
	return own_remove(r, e);
}
