/* SPDX-License-Identifier: ISC */
/* drift.c: userlist.txt against pg_authid. */
#include "drift.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

/* word_read takes a quoted word over ("" is a quote); NULL where there is none, or it is too long.
 */
static const char *
word_read(const char *at, char *out, size_t size)
{
	size_t used = 0;

	while (*at == ' ' || *at == '\t')
		at++;
	if (*at++ != '"')
		return NULL;
	for (; *at != '\0' && *at != '\n' && used + 1 < size; at++) {
		if (*at == '"' && *++at != '"') {
			out[used] = '\0';
			return at;
		}
		out[used++] = *at;
	}
	return NULL;
}

/* role_compare compares one line's secret with that of the role, if there is one of either. */
static void
role_compare(const char *name, const char *secret, const PGresult *rows, struct tw_drift *drift)
{
	int row = tw_admin_row(rows, "name", name);
	size_t used = strlen(drift->names);
	char digest[TW_SHA256_SIZE];

	if (row < 0 || (strncmp(secret, "SCRAM-SHA-256$", 14) != 0 &&
	                (strncmp(secret, "md5", 3) != 0 || strlen(secret) != 35)))
		return;
	tw_sha256(secret, strlen(secret), digest);
	drift->compared++;
	if (strcmp(tw_admin_value(rows, row, "digest"), digest) == 0)
		return;
	drift->differ++;
	if (used + strlen(name) + 3 < sizeof(drift->names))
		snprintf(drift->names + used, sizeof(drift->names) - used, "%s%s",
		         used > 0 ? ", " : "", name);
}

/* file_compare goes through the file; what is no line of it is for twpool-lint to tell. */
static void
file_compare(const char *text, const PGresult *rows, struct tw_drift *drift)
{
	char name[TW_POOL_NAME_SIZE], secret[512];

	while (*text != '\0') {
		const char *rest = word_read(text, name, sizeof(name));

		if (rest != NULL && word_read(rest, secret, sizeof(secret)) != NULL)
			role_compare(name, secret, rows, drift);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	explicit_bzero(secret, sizeof(secret));
}

bool
tw_drift_ask(const char *auth_file, PGconn *conn, tw_ms deadline, struct tw_drift *drift,
             struct tw_err *e)
{
	static const char sql[] =
	    "SELECT rolname AS name, encode(sha256(convert_to(coalesce(rolpassword, ''), 'UTF8')), "
	    "'hex') AS digest FROM pg_authid";
	static const char *const columns[] = { "name", "digest", NULL };
	struct tw_drift own = { 0 };
	struct tw_buf file = TW_BUF_INIT;
	PGresult *rows = NULL;
	bool ok = tw_file_read(auth_file, TW_FILE_LIMIT, &file, NULL, e) &&
	          tw_pg_exec(conn, sql, deadline, &rows, e) &&
	          tw_admin_columns(rows, "pg_authid", columns, e);

	if (ok) {
		file_compare(tw_buf_text(&file), rows, &own);
		*drift = own;
	}
	PQclear(rows);
	tw_buf_free(&file);
	return ok;
}
