/* SPDX-License-Identifier: ISC */
/* auth_lookup.c: the commands of twpool-auth for auth.method "query". */
#include "auth.h"
#include "base/diff.h"
#include "base/file.h"
#include "pg/hba.h"
#include "pg/lookup.h"

/* site_queried loads the site, and refuses one that keeps secrets in a userlist. */
static bool
site_queried(const struct options *o, struct tw_site *site, struct tw_err *e)
{
	return auth_site(o, site, e) &&
	       (tw_site_queried(site) ||
	        tw_fail(e, EX_CONFIG, "%s: auth.method is not \"query\"", site->path));
}

/* lines_print prints what was done. */
static void
lines_print(const struct options *o, const struct tw_buf *lines)
{
	if (!o->quiet)
		fputs(tw_buf_text(lines), stdout);
}

int
run_install(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_buf lines = TW_BUF_INIT;
	tw_ms deadline = tw_pg_now() + o->timeout * 1000;
	bool ok = site_queried(o, &site, e) &&
	          (o->dry_run ? tw_lookup_check(&site, AUTH_NAME, deadline, &lines, e)
	                      : tw_lookup_install(&site, AUTH_NAME, deadline, &lines, e));
	int code = ok ? o->dry_run && lines.len > 0 : e->exit;

	(void)n, (void)operands;
	if (ok)
		lines_print(o, &lines);
	tw_buf_free(&lines);
	tw_site_free(&site);
	return code;
}

int
run_purge(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_buf lines = TW_BUF_INIT;
	bool ok = auth_site(o, &site, e) &&
	          tw_lookup_purge(&site, AUTH_NAME, tw_pg_now() + o->timeout * 1000, &lines, e);

	(void)n, (void)operands;
	lines_print(o, &lines); /* also what was removed before something failed */
	tw_buf_free(&lines);
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}

int
run_reload(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	bool ok = auth_site(o, &site, e) &&
	          tw_hba_reload(&site, AUTH_NAME, o->pooler_user,
	                        tw_pg_now() + o->timeout * 1000, e);

	(void)n, (void)operands;
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}

/* edited is a file with one edit in it. */
static bool
edited(const struct tw_buf *text, const json_t *edit, struct tw_buf *out, struct tw_err *e)
{
	size_t offset = (size_t)json_integer_value(json_object_get(edit, "offset"));
	size_t old = json_string_length(json_object_get(edit, "old"));
	const json_t *new = json_object_get(edit, "new");

	return tw_buf_add(out, tw_buf_text(text), offset, e) &&
	       tw_buf_add(out, json_string_value(new), json_string_length(new), e) &&
	       tw_buf_add(out, tw_buf_text(text) + offset + old, text->len - offset - old, e);
}

/* access_file plans the edit of one file: into `files` with --json, otherwise as a diff. */
static bool
access_file(const struct options *o, const char *path, const struct tw_buf *block, json_t *files,
            struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT, new = TW_BUF_INIT, diff = TW_BUF_INIT;
	json_t *edit = NULL;
	bool ok = tw_file_read(path, TW_FILE_LIMIT, &text, NULL, e) &&
	          (tw_hba_edit(tw_buf_text(&text), text.len, block, &edit, e) ||
	           tw_context(e, "%s", path));

	if (ok && edit != NULL && !o->json)
		ok = edited(&text, edit, &new, e) && tw_diff(path, &text, path, &new, &diff, e);
	if (ok && edit != NULL)
		ok = json_array_append_new(files, json_pack("{ss s[O]}", "path", path, "edits",
		                                            edit)) == 0 ||
		     tw_fail(e, EX_OSERR, "out of memory");
	if (ok)
		fputs(tw_buf_text(&diff), stdout);
	json_decref(edit);
	tw_buf_free(&text);
	tw_buf_free(&new);
	tw_buf_free(&diff);
	return ok;
}

int
run_access(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_hba_files path;
	struct tw_buf hba = TW_BUF_INIT, ident = TW_BUF_INIT;
	json_t *files = json_array(), *report;
	bool ok = o->pooler_user != NULL ||
	          tw_fail(e, EX_USAGE, "--pooler-user USER is required");
	size_t changes;

	(void)n, (void)operands;
	ok = ok && auth_site(o, &site, e) &&
	     tw_hba_files_ask(&site, AUTH_NAME, tw_pg_now() + o->timeout * 1000, &path, e) &&
	     (!tw_site_queried(&site) || (tw_hba_block(&site, &hba, e) &&
	                                  tw_hba_ident_block(o->pooler_user, &ident, e))) &&
	     access_file(o, path.ident, &ident, files, e) &&
	     access_file(o, path.hba, &hba, files, e);
	changes = json_array_size(files);
	if (ok && o->json) {
		report = tw_json_report(AUTH_NAME, changes > 0 ? "differs" : "ok");
		json_object_set(report, "files", files);
		ok = program_print(report, e);
	}
	json_decref(files);
	tw_buf_free(&hba);
	tw_buf_free(&ident);
	tw_site_free(&site);
	return ok ? changes > 0 : e->exit;
}
