/* SPDX-License-Identifier: ISC */
/* reload.c: ask, read back, and if it must be, go back. */
#include "reload.h"
#include "base/file.h"
#include "pg/admin.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* How long the way back may take, whatever was left of the deadline; milliseconds. */
#define BACK_MS 10000

const char *
tw_reload_text(enum tw_reload_result result)
{
	static const char *const words[] = { "done", "refused", "taken-back", "stuck" };

	return words[result];
}

/* file_back puts one file back as it was; fine where the directory does not have it. */
static bool
file_back(const char *path, const char *previous, bool must, struct tw_err *e)
{
	const char *slash = strrchr(path, '/');
	struct tw_buf text = TW_BUF_INIT;
	struct tw_attr attr = { .has_mtime = false };
	struct stat st;
	char from[PATH_MAX];
	bool exists = false, ok;

	snprintf(from, sizeof(from), "%s/%s", previous, slash != NULL ? slash + 1 : path);
	if (*path == '\0' || !tw_file_status(from, &st, &exists, e) || !exists)
		return *path == '\0' ||
		       (e->exit == 0 &&
		        (!must || tw_fail(e, EX_NOINPUT, "there is no '%s'", from)));
	if (!tw_file_status(path, &st, &exists, e))
		return false;
	if (exists) {
		attr.mode = st.st_mode & 07777;
		attr.uid = st.st_uid;
		attr.gid = st.st_gid;
	} else if (stat(from, &st) == 0) {
		attr.mode = st.st_mode & 07777;
		attr.uid = st.st_uid;
		attr.gid = st.st_gid;
	}
	ok = tw_file_read(from, TW_FILE_LIMIT, &text, NULL, e) &&
	     tw_file_replace(path, text.data != NULL ? text.data : "", text.len, &attr, e);
	tw_buf_free(&text);
	return ok;
}

bool
tw_reload_back(const struct tw_lint *lint, const char *previous, struct tw_err *e)
{
	bool ok = file_back(lint->path, previous, true, e);

	for (size_t i = 1; ok && i < lint->ini.n_files; i++)
		ok = file_back(lint->ini.file[i].name, previous, false, e);
	return ok && file_back(tw_lint_value(lint, "auth_file"), previous, false, e) &&
	       file_back(tw_lint_value(lint, "auth_hba_file"), previous, false, e);
}

/* ask has PgBouncer reload, and reads back what it has. *same: nothing differs but by a restart. */
static bool
ask(const struct tw_lint *lint, PGconn *conn, tw_ms deadline, bool *same, struct tw_findings *f,
    struct tw_err *e)
{
	struct tw_live live = { 0 };
	size_t before;

	*same = false;
	if (!tw_reread(lint, f, e))
		return false;
	before = f->n;
	if (!tw_admin_reload(conn, deadline, e) || !tw_lint_live(lint, conn, deadline, &live, f, e))
		return false;
	*same = true;
	for (size_t i = before; i < f->n; i++)
		*same &= strcmp(f->item[i].rule, "restart-needed") == 0;
	return true;
}

/* old_asked tells whether PgBouncer is as the old files say, after they came back. */
static bool
old_asked(const struct tw_lint *lint, struct tw_pg_params *console)
{
	tw_ms deadline = tw_pg_now() + BACK_MS;
	struct tw_lint old = TW_LINT_INIT;
	struct tw_findings f = TW_FINDINGS_INIT;
	struct tw_err e = TW_ERR_INIT;
	PGconn *conn = NULL;
	bool same = false;

	old.path = lint->path;
	old.user = lint->user;
	old.version = lint->version;
	same = tw_lint_read(&old, &f, &e) && tw_admin_connect(console, deadline, &conn, &e) &&
	       ask(&old, conn, deadline, &same, &f, &e) && same;
	PQfinish(conn);
	tw_findings_free(&f);
	tw_lint_free(&old);
	return same;
}

/* go_back is the way back after PgBouncer was asked. */
static bool
go_back(const struct tw_lint *lint, struct tw_pg_params *console, const char *previous,
        enum tw_reload_result *result, struct tw_findings *f, struct tw_err *e)
{
	*result = TW_RELOAD_STUCK;
	if (previous == NULL)
		return tw_finding_add(
		    f, tw_lint_place(lint, ""), TW_ERROR, "reload",
		    "put the old file back, and RELOAD", e,
		    "PgBouncer is not as the file says, and there is no old file");
	if (!tw_reload_back(lint, previous, e))
		return tw_context(e, "put the old files back");
	if (old_asked(lint, console))
		*result = TW_RELOAD_BACK;
	return tw_finding_add(
	    f, tw_lint_place(lint, ""), TW_ERROR, "reload",
	    *result == TW_RELOAD_BACK ? "correct the file" : "restart PgBouncer", e,
	    *result == TW_RELOAD_BACK ? "the reload was taken back: PgBouncer is as before"
				      : "the old files are back, and PgBouncer is not as they say");
}

bool
tw_reload(const struct tw_lint *lint, bool sound, struct tw_pg_params *console, tw_ms deadline,
          const char *previous, enum tw_reload_result *result, struct tw_findings *f,
          struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT, back = TW_ERR_INIT;
	PGconn *conn = NULL;
	bool same = false, asked;

	*result = TW_RELOAD_REFUSED;
	if (!sound)
		return (previous == NULL || tw_reload_back(lint, previous, e)) &&
		       tw_finding_add(f, tw_lint_place(lint, ""), TW_ERROR, "reload",
		                      "correct the errors", e, "PgBouncer was not reloaded%s",
		                      previous != NULL ? ": the old files are back" : "");
	if (!tw_admin_connect(console, deadline, &conn, &why)) {
		*e = previous == NULL || tw_reload_back(lint, previous, &back) ? why : back;
		return false;
	}
	asked = ask(lint, conn, deadline, &same, f, &why);
	PQfinish(conn);
	if (asked && same) {
		*result = TW_RELOAD_DONE;
		return true;
	}
	if (!asked && !tw_finding_add(f, tw_lint_place(lint, ""), TW_ERROR, "reload",
	                              "see PgBouncer's log", e, "%s", why.msg))
		return false;
	return go_back(lint, console, previous, result, f, e);
}
