/* SPDX-License-Identifier: ISC */
/*
 * lint_live.c: the file against the PgBouncer that runs. A RELOAD that failed, or that silently
 * left out what takes a restart, shows here and nowhere else.
 */
#include "boot.h"
#include "pg/admin.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
tw_lint_live(const struct tw_lint *lint, PGconn *conn, tw_ms deadline, struct tw_live *live,
             struct tw_findings *findings, struct tw_err *e)
{
	struct tw_readback r = TW_READBACK_INIT;
	bool ok = tw_readback_ask(conn, deadline, &r, e) &&
	          tw_compare(lint, &r, false, live, findings, e);

	tw_readback_free(&r);
	return ok;
}

bool
tw_lint_version(PGconn *conn, tw_ms deadline, int *version, struct tw_err *e)
{
	static const char *const columns[] = { "version", NULL };
	PGresult *rows = NULL;
	const char *text;
	bool ok = tw_admin_show(conn, TW_ADMIN_VERSION, deadline, &rows, e) &&
	          tw_admin_columns(rows, "SHOW VERSION", columns, e);

	if (ok && PQntuples(rows) > 0) {
		text = tw_admin_value(rows, 0, "version");
		ok = tw_key_version(text + strcspn(text, "0123456789"), version, e);
	}
	PQclear(rows);
	return ok;
}

bool
tw_lint_binary(const struct tw_lint *lint, const char *binary, PGconn *conn, tw_ms deadline,
               struct tw_findings *findings, struct tw_err *e)
{
	static const char *const columns[] = { "version", NULL };
	static const char head[] = "PgBouncer ";
	char disk[16];
	PGresult *rows = NULL;
	const char *runs;
	int version;
	bool ok = tw_boot_version(binary, &version, e) &&
	          tw_admin_show(conn, TW_ADMIN_VERSION, deadline, &rows, e) &&
	          tw_admin_columns(rows, "SHOW VERSION", columns, e);

	if (ok && PQntuples(rows) > 0) {
		runs = tw_admin_value(rows, 0, "version");
		runs += strncmp(runs, head, strlen(head)) == 0 ? strlen(head) : 0;
		tw_key_version_text(version, disk);
		if (strcmp(runs, disk) != 0)
			ok = tw_finding_add(findings, tw_lint_place(lint, ""), TW_ERROR,
			                    "binary-newer", "restart PgBouncer", e,
			                    "PgBouncer %s is installed, and %s is running", disk,
			                    runs);
	}
	PQclear(rows);
	return ok;
}

bool
tw_lint_replaced(const struct tw_lint *lint, const int *pids, size_t n,
                 struct tw_findings *findings, struct tw_err *e)
{
	static const char gone[] = " (deleted)";

	for (size_t i = 0; i < n; i++) {
		char link[32], target[PATH_MAX];
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/%d/exe", pids[i]);
		len = readlink(link, target, sizeof(target));
		if (len <= (ssize_t)strlen(gone) ||
		    memcmp(target + len - strlen(gone), gone, strlen(gone)) != 0)
			continue;
		if (!tw_finding_add(findings, tw_lint_place(lint, ""), TW_WARNING, "binary-newer",
		                    "restart PgBouncer", e,
		                    "the binary of process %d was replaced since it started",
		                    pids[i]))
			return false;
	}
	return true;
}
