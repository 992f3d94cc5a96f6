/* SPDX-License-Identifier: ISC */
/* manifest.c: what makes a manifest believable, and how it is written so. No file is touched here.
 */
#include "base/file.h"
#include "manifest.h"
#include "xattr.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2 has the checksum, and the machine. 1 is read as well: it came before them. */
#define SCHEMA 2

/*
 * machine_read sets `out` to this host's id, 32 hexadecimal digits (machine-id(5)), or to "" where
 * it has none yet: an image before its first boot, a container.
 */
static void
machine_read(char out[33])
{
	char path[4096];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/etc/machine-id", tw_root());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, 32);
		close(fd);
	}
	out[n == 32 ? 32 : 0] = '\0';
	if (strspn(out, "0123456789abcdef") != 32)
		out[0] = '\0';
}

/* machine_json is the id as it stands in a manifest: a string, or null. */
static json_t *
machine_json(void)
{
	char id[33];

	machine_read(id);
	return id[0] != '\0' ? json_string(id) : json_null();
}

json_t *
tw_manifest_new(unsigned number, const char *created)
{
	return json_pack("{si sI so ss ss s{} s[]}", "schema", SCHEMA, "generation",
	                 (json_int_t)number, "machine", machine_json(), "state", "open", "created",
	                 created, "notes", "entries");
}

bool
tw_manifest_claim(json_t *manifest)
{
	return json_object_set_new(manifest, "machine", machine_json()) == 0;
}

/* sum_of writes the digest of all but the checksum itself: compact, keys in order. */
static bool
sum_of(const json_t *manifest, char sha[TW_SHA256_SIZE], struct tw_err *e)
{
	json_t *rest = json_copy((json_t *)manifest);
	char *text = NULL;

	if (rest != NULL) {
		json_object_del(rest, "checksum");
		text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	}
	json_decref(rest);
	if (text == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	tw_sha256(text, strlen(text), sha);
	free(text);
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
	       (directory ? sha == NULL : sha != NULL && strlen(sha) == 64) &&
	       tw_xattrs_sound(json_object_get(state, "xattrs"));
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

/* entries_check holds every entry against entry_check; *at is the first that is not one. */
static bool
entries_check(const json_t *manifest, size_t *at)
{
	const json_t *entries = json_object_get(manifest, "entries");

	for (*at = 0; *at < json_array_size(entries); ++*at) {
		if (!entry_check(json_array_get(entries, *at)))
			return false;
	}
	return true;
}

bool
tw_manifest_text(const json_t *manifest, struct tw_buf *b, struct tw_err *e)
{
	json_t *whole = json_copy((json_t *)manifest);
	char sha[TW_SHA256_SIZE];
	size_t at = 0;
	bool ok = whole != NULL || tw_fail(e, EX_OSERR, "out of memory");

	if (ok && !entries_check(manifest, &at))
		ok = tw_fail(e, EX_SOFTWARE, "entry %zu would not be read again", at);
	ok = ok && (json_object_set_new(whole, "schema", json_integer(SCHEMA)) == 0 ||
	            tw_fail(e, EX_OSERR, "out of memory"));
	ok = ok && sum_of(whole, sha, e) &&
	     (json_object_set_new(whole, "checksum", json_string(sha)) == 0 ||
	      tw_fail(e, EX_OSERR, "out of memory")) &&
	     tw_json_text(whole, b, e);
	json_decref(whole);
	return ok;
}

/* sum_check: a manifest of schema 2 has a checksum, and is what was written. */
static bool
sum_check(const json_t *manifest, json_int_t schema, struct tw_err *e)
{
	const char *sum = json_string_value(json_object_get(manifest, "checksum"));
	char sha[TW_SHA256_SIZE];

	if (sum == NULL && schema < 2)
		return true;
	return sum != NULL && sum_of(manifest, sha, e) && strcmp(sum, sha) == 0;
}

bool
tw_manifest_check(const json_t *manifest, unsigned number, const char *path, struct tw_err *e)
{
	json_int_t schema = json_integer_value(json_object_get(manifest, "schema"));
	size_t i = 0;

	if (schema > SCHEMA) {
		tw_fail(e, EX_DATAERR, "%s: written by a newer twpool (schema %lld)", path,
		        (long long)schema);
		return tw_hint(e, "use the twpool that wrote it, or a newer one.");
	}
	if (schema < 1 || json_integer_value(json_object_get(manifest, "generation")) != number ||
	    !json_is_string(json_object_get(manifest, "state")) ||
	    !json_is_string(json_object_get(manifest, "created")) ||
	    !json_is_object(json_object_get(manifest, "notes")) ||
	    !json_is_array(json_object_get(manifest, "entries")))
		return tw_fail(e, EX_DATAERR, "%s: not the record of generation %04u", path,
		               number);
	if (!sum_check(manifest, schema, e)) {
		tw_fail(e, EX_DATAERR, "%s: damaged: its checksum is another", path);
		return tw_hint(e, "bring it back from a backup.");
	}
	return entries_check(manifest, &i) ||
	       tw_fail(e, EX_DATAERR, "%s: entry %zu is damaged", path, i);
}

bool
tw_manifest_here(const json_t *manifest, const char *path, struct tw_err *e)
{
	const char *theirs = json_string_value(json_object_get(manifest, "machine"));
	char ours[33];

	machine_read(ours);
	if (theirs == NULL || ours[0] == '\0' || strcmp(theirs, ours) == 0)
		return true;
	tw_fail(e, EX_DATAERR, "%s: the record of another machine (%.40s)", path, theirs);
	return tw_hint(e, "if this is a copy of that machine, and its deploys are to be taken back "
	                  "here: twpool-generation claim.");
}
