/* SPDX-License-Identifier: ISC */
/* lint.c: the file read, the rules one after the other, and what they share. */
#include "lint.h"
#include "base/asuser.h"
#include "base/file.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that PgBouncer reads may be larger than what twpool writes: 100,000 users. In bytes. */
#define READ_LIMIT ((size_t)256 << 20)
#define READ_MS 60000

const char *
tw_lint_user(const char *path)
{
	const struct passwd *pw = NULL;
	const struct group *gr;
	struct stat st;

	if (geteuid() != 0 || stat(path, &st) != 0)
		return NULL;
	if (st.st_uid != 0)
		pw = getpwuid(st.st_uid);
	else if (st.st_gid != 0 && (gr = getgrgid(st.st_gid)) != NULL)
		pw = getpwnam(gr->gr_name);
	return pw != NULL ? pw->pw_name : NULL;
}

/* read_plain is tw_file_read in the shape of tw_as_user. */
static bool
read_plain(const void *arg, struct tw_buf *out, struct tw_err *e)
{
	return tw_file_read(arg, READ_LIMIT, out, NULL, e);
}

bool
tw_lint_staged(const struct tw_lint *lint, const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (lint->staged == NULL || *path == '\0')
		return false;
	snprintf(out, size, "%s/%s", lint->staged, slash != NULL ? slash + 1 : path);
	return access(out, F_OK) == 0;
}

bool
tw_lint_file(const struct tw_lint *lint, const char *path, struct tw_buf *text, struct tw_err *e)
{
	char staged[PATH_MAX];

	if (tw_lint_staged(lint, path, staged, sizeof(staged)))
		return read_plain(staged, text, e);
	if (geteuid() != 0 || lint->user == NULL || strcmp(lint->user, "root") == 0)
		return read_plain(path, text, e);
	return tw_as_user(lint->user, read_plain, path, tw_pg_now() + READ_MS, text, e);
}

/* include_read is tw_lint_file in the shape of tw_ini_source. */
static bool
include_read(const void *arg, const char *path, struct tw_buf *text, struct tw_err *e)
{
	return tw_lint_file(arg, path, text, e);
}

bool
tw_lint_read(struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e)
{
	const struct tw_ini_source source = { lint->version, include_read, lint };
	struct tw_buf text = TW_BUF_INIT;
	bool ok;

	if (!tw_file_read(lint->path, READ_LIMIT, &text, NULL, e))
		return false;
	ok = tw_ini_parse(&text, &source, &lint->ini, findings, e) ||
	     tw_context(e, "%s", lint->path);
	tw_buf_free(&text); /* where it was not taken over */
	return ok;
}

void
tw_lint_free(struct tw_lint *lint)
{
	tw_ini_free(&lint->ini);
	*lint = (struct tw_lint)TW_LINT_INIT;
}

bool
tw_lint_before(const struct tw_lint *lint, int version)
{
	return lint->version != 0 && lint->version < version;
}

size_t
tw_lint_name_max(const struct tw_lint *lint)
{
	return tw_lint_before(lint, TW_PGBOUNCER(1, 16, 0)) ? 63 : 127;
}

const char *
tw_lint_value(const struct tw_lint *lint, const char *key)
{
	const struct tw_ini_entry *entry = tw_ini_find(&lint->ini, "pgbouncer", key);
	const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, key);
	const char *fallback = k != NULL ? tw_key_default(k, lint->version) : NULL;

	return entry != NULL ? entry->value : fallback != NULL ? fallback : "";
}

struct tw_place
tw_lint_place(const struct tw_lint *lint, const char *key)
{
	const struct tw_ini_entry *entry = tw_ini_find(&lint->ini, "pgbouncer", key);

	if (entry != NULL)
		return entry->value_at;
	for (size_t i = 0; i < lint->ini.n_sections; i++) {
		if (strcmp(lint->ini.section[i].name, "pgbouncer") == 0)
			return lint->ini.section[i].at;
	}
	return (struct tw_place){ 1, 1, NULL };
}

bool
tw_lint_key(const struct tw_lint *lint, enum tw_key_scope scope, const char *name,
            enum tw_severity severity, struct tw_place at, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(scope, name);
	struct tw_err why = TW_ERR_INIT;
	const char *rule, *near;
	char fix[96];

	if (tw_key_supported(scope, name, lint->version, &why))
		return true;
	near = tw_key_near(scope, name, lint->version);
	snprintf(fix, sizeof(fix), near != NULL ? "did you mean %s?" : "remove it", near);
	rule = k == NULL || k->windows                          ? "unknown-key"
	       : k->removed != 0 && lint->version >= k->removed ? "removed-key"
	                                                        : "key-too-new";
	return tw_finding_add(f, at, severity, rule, fix, e, "%s", why.msg);
}

bool
tw_lint_rules(const struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e)
{
	static tw_lint_rule *const rules[] = { tw_lint_sections,  tw_lint_settings,  tw_lint_lines,
		                               tw_lint_listening, tw_lint_addresses, tw_lint_tls,
		                               tw_lint_people,    tw_lint_sizes,     tw_lint_paths,
		                               tw_lint_userlist,  tw_lint_hba };
	const size_t host = 8; /* the first rule that looks at this host */

	for (size_t i = 0; i < (lint->elsewhere ? host : sizeof(rules) / sizeof(*rules)); i++) {
		if (!rules[i](lint, findings, e))
			return false;
	}
	return true;
}
