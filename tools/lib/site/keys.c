/* SPDX-License-Identifier: ISC */
/* keys.c: the questions asked of the settings table. */
#include "keys_table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What twpool sets itself, because its own files and units depend on it. */
static const char *const managed_keys[] = {
	"auth_file",   "auth_hba_file", "auth_type", "conffile",        "logfile",
	"pidfile",     "service_name",  "job_name",  "unix_socket_dir", "user",
	"stats_users", "syslog",        NULL,
};

/* Keys that would let a password or a superuser into the file. */
static const char *const database_managed_keys[] = { "password", "user", "auth_user", NULL };

static const struct {
	const char *section;
	const struct tw_key *table;
} scopes[TW_KEY_SCOPES] = {
	[TW_KEY_GLOBAL] = { "pgbouncer", tw_keys_global },
	[TW_KEY_DATABASE] = { "databases", tw_keys_database },
	[TW_KEY_USER] = { "users", tw_keys_user },
	[TW_KEY_PEER] = { "peers", tw_keys_peer },
};

const char *
tw_key_scope_text(enum tw_key_scope scope)
{
	return scopes[scope].section;
}

enum tw_key_scope
tw_key_scope_find(const char *section)
{
	enum tw_key_scope i = 0;

	while (i < TW_KEY_SCOPES && strcmp(scopes[i].section, section) != 0)
		i++;
	return i;
}

const struct tw_key *
tw_key_table(enum tw_key_scope scope)
{
	return scopes[scope].table;
}

const struct tw_key *
tw_key_find(enum tw_key_scope scope, const char *name)
{
	for (const struct tw_key *k = scopes[scope].table; k->name != NULL; k++) {
		if (strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}

const char *
tw_key_default(const struct tw_key *k, int version)
{
	return k->before != NULL && version != 0 && version < k->changed ? k->before : k->fallback;
}

bool
tw_key_reloadable(const struct tw_key *k, int version)
{
	return k->reload == 0 ||
	       (k->reload != TW_KEY_NEVER && (version == 0 || version >= k->reload));
}

const struct tw_key_word *
tw_key_word_find(const struct tw_key *k, const char *value)
{
	for (const struct tw_key_word *w = k->words; w != NULL && w->name != NULL; w++) {
		if (strcasecmp(w->name, value) == 0)
			return w;
	}
	return NULL;
}

/* list_has tells whether a NULL-terminated list contains `name`. */
static bool
list_has(const char *const *list, const char *name)
{
	while (*list != NULL && strcmp(*list, name) != 0)
		list++;
	return *list != NULL;
}

const char *
tw_key_version_text(int version, char out[16])
{
	snprintf(out, 16, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
	return out;
}

bool
tw_key_supported(enum tw_key_scope scope, const char *name, int version, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(scope, name);
	char limit[16], installed[16];

	if (k == NULL)
		return tw_fail(e, EX_CONFIG, "%s: no version of PgBouncer knows this key", name);
	if (k->windows)
		return tw_fail(e, EX_CONFIG, "%s: known on Windows only", name);
	if (version != 0 && version < k->since)
		return tw_fail(e, EX_CONFIG, "%s: known since PgBouncer %s, this is %s", name,
		               tw_key_version_text(k->since, limit),
		               tw_key_version_text(version, installed));
	if (version != 0 && k->removed != 0 && version >= k->removed)
		return tw_fail(e, EX_CONFIG, "%s: removed in PgBouncer %s, this is %s", name,
		               tw_key_version_text(k->removed, limit),
		               tw_key_version_text(version, installed));
	return true;
}

bool
tw_key_check(enum tw_key_scope scope, const char *name, int version, struct tw_err *e)
{
	if ((scope == TW_KEY_GLOBAL && list_has(managed_keys, name)) ||
	    (scope == TW_KEY_DATABASE && list_has(database_managed_keys, name)))
		return tw_fail(e, EX_CONFIG, "%s: twpool sets this key itself", name);
	return tw_key_supported(scope, name, version, e);
}

bool
tw_key_version(const char *text, int *version, struct tw_err *e)
{
	int major, minor, patch, used = 0;

	if (sscanf(text, "%2d.%2d.%2d%n", &major, &minor, &patch, &used) != 3 ||
	    text[used] != '\0' || major < 1 || minor < 0 || patch < 0)
		return tw_fail(e, EX_USAGE, "'%s' is not a PgBouncer version such as 1.18.0", text);
	*version = TW_PGBOUNCER(major, minor, patch);
	return true;
}
