/* SPDX-License-Identifier: ISC */
/* record.c: what is in a generation. What it means for the host is publish.c's business. */
#include "manifest.h"
#include "record.h"
#include "record_path.h"

#include <stdio.h>
#include <string.h>

/* manifest_load reads a generation's manifest, this machine's or, with `any`, another's. */
static bool
manifest_load(unsigned number, bool any, struct tw_record *r, struct tw_err *e)
{
	struct tw_record own = { .number = number };
	char path[4096];

	tw_record_dir(number, own.dir);
	if (!tw_record_path(&own, "manifest.json", path, e))
		return false;
	own.manifest = tw_json_load(path, e);
	if (own.manifest == NULL) {
		if (e->exit == EX_CONFIG) {
			e->exit = EX_DATAERR;
			tw_hint(e, "bring %s back from a backup.", path);
		}
		return tw_context(e, "generation %04u", number);
	}
	if (!tw_manifest_check(own.manifest, number, path, e) ||
	    !(any || tw_manifest_here(own.manifest, path, e))) {
		tw_record_free(&own);
		return false;
	}
	*r = own;
	return true;
}

bool
tw_record_load(unsigned number, struct tw_record *r, struct tw_err *e)
{
	return manifest_load(number, false, r, e);
}

bool
tw_record_claim(unsigned number, struct tw_err *e)
{
	struct tw_record r = TW_RECORD_INIT;
	bool ok = manifest_load(number, true, &r, e) &&
	          (tw_manifest_claim(r.manifest) || tw_fail(e, EX_OSERR, "out of memory")) &&
	          tw_record_save(&r, e);

	tw_record_free(&r);
	return ok;
}

bool
tw_record_save(const struct tw_record *r, struct tw_err *e)
{
	struct tw_attr attr = tw_record_attr(0600);
	struct tw_buf b = TW_BUF_INIT;
	char path[4096];
	bool ok = tw_record_path(r, "manifest.json", path, e) &&
	          tw_manifest_text(r->manifest, &b, e) &&
	          tw_file_replace(path, b.data, b.len, &attr, e);

	tw_buf_free(&b);
	return ok;
}

const char *
tw_record_state(const struct tw_record *r)
{
	return json_string_value(json_object_get(r->manifest, "state"));
}

bool
tw_record_open(const struct tw_record *r, struct tw_err *e)
{
	return strcmp(tw_record_state(r), "open") == 0 ||
	       tw_fail(e, EX_USAGE, "generation %04u is %s", r->number, tw_record_state(r));
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
	return tw_record_path(r, name, out, e);
}

bool
tw_record_put(const struct tw_record *r, const void *bytes, size_t n, char sha[TW_SHA256_SIZE],
              struct tw_err *e)
{
	struct tw_attr attr = tw_record_attr(0600);
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

bool
tw_record_site(const struct tw_record *r, char out[4096], struct tw_err *e)
{
	const char *want = json_string_value(json_object_get(r->manifest, "site_sha256"));
	struct tw_buf b = TW_BUF_INIT;
	char sha[TW_SHA256_SIZE];
	bool ok = tw_record_path(r, "site.json", out, e);

	if (!ok || want == NULL)
		return ok;
	ok = tw_file_read(out, TW_FILE_LIMIT, &b, NULL, e);
	if (ok) {
		tw_sha256(tw_buf_text(&b), b.len, sha);
		ok = strcmp(sha, want) == 0 || tw_fail(e, EX_DATAERR, "'%s' is damaged", out);
	}
	tw_buf_free(&b);
	return ok || tw_hint(e, "bring it back from a backup.");
}

bool
tw_record_sweep(const struct tw_record *r, struct tw_err *e)
{
	char path[4096];

	return tw_record_path(r, "manifest.json", path, e) && tw_file_sweep(path, e) &&
	       tw_record_path(r, "files/any", path, e) && tw_file_sweep(path, e);
}

void
tw_record_free(struct tw_record *r)
{
	json_decref(r->manifest);
	*r = (struct tw_record)TW_RECORD_INIT;
}
