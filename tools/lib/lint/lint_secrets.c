/* SPDX-License-Identifier: ISC */
/*
 * lint_secrets.c: auth_file and auth_hba_file, read as PgBouncer's own user would, and what the
 * configuration needs of them.
 */
#include "conninfo.h"
#include "hba.h"
#include "lint.h"
#include "userlist.h"

#include <string.h>
#include <sys/stat.h>

/* file_open reads a file that the key names; what hinders is a finding. *got: it was read. */
static bool
file_open(const struct tw_lint *lint, const char *key, const char *rule, const char *consequence,
          struct tw_buf *text, bool *got, struct tw_findings *f, struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;

	*got = tw_lint_file(lint, tw_lint_value(lint, key), text, &why);
	return *got ||
	       tw_finding_add(f, tw_lint_place(lint, key), TW_ERROR, rule,
	                      "give a file that PgBouncer's user can read", e,
	                      "%s: %s: PgBouncer starts, and %s", key, why.msg, consequence);
}

/* admins_check looks for the console's users among those that have a secret. */
static bool
admins_check(const struct tw_lint *lint, const char *key, const struct tw_userlist *list,
             struct tw_findings *f, struct tw_err *e)
{
	const char *at = tw_lint_value(lint, key);

	for (at += strspn(at, ", \t"); *at != '\0'; at += strspn(at, ", \t")) {
		size_t n = strcspn(at, ", \t");

		if (tw_userlist_user(list, at, n) == NULL &&
		    !tw_finding_add(
			f, tw_lint_place(lint, key), TW_WARNING, "admin-login",
			"add a line for it to auth_file", e,
			"%s: '%.*s' is not in auth_file: a login to the console fails, or "
			"hangs up to PgBouncer 1.19",
			key, (int)n, at))
			return false;
		at += n;
	}
	return true;
}

/* forced_check: a user that a database forces cannot log in to PostgreSQL with a SCRAM secret. */
static bool
forced_check(const struct tw_lint *lint, const struct tw_userlist *list, struct tw_findings *f,
             struct tw_err *e)
{
	struct tw_pair user, password;
	const struct tw_user *known;

	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (!tw_ini_in(&lint->ini, entry, "databases") ||
		    !tw_pair_find(entry->value, "user", &user))
			continue;
		known = tw_userlist_user(list, user.value, strlen(user.value));
		if (known != NULL && known->scram &&
		    !tw_pair_find(entry->value, "password", &password) &&
		    !tw_finding_add(
			f, entry->key_at, TW_ERROR, "forced-scram",
			"leave user= out: clients keep their user", e,
			"database '%s': its user has a SCRAM secret in auth_file, with which "
			"PgBouncer cannot log in to PostgreSQL",
			entry->key))
			return false;
	}
	explicit_bzero(&password, sizeof(password));
	return true;
}

bool
tw_lint_userlist(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "auth_file");
	struct tw_userlist list = TW_USERLIST_INIT;
	struct tw_buf text = TW_BUF_INIT;
	struct stat st;
	bool got, ok;

	if (*path == '\0')
		return true;
	ok = file_open(lint, "auth_file", "auth-file", "nobody of it can log in", &text, &got, f,
	               e);
	if (ok && got)
		ok = tw_userlist_parse(&text, path, lint->version, &list, f, e) &&
		     admins_check(lint, "admin_users", &list, f, e) &&
		     admins_check(lint, "stats_users", &list, f, e) &&
		     forced_check(lint, &list, f, e);
	if (ok && got && lint->staged == NULL && list.secrets > 0 && stat(path, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		ok = tw_finding_add(f, tw_lint_place(lint, "auth_file"), TW_WARNING,
		                    "auth-file-mode", "set its mode to 0640", e,
		                    "auth_file: everybody on this host can read the secrets");
	tw_userlist_free(&list);
	tw_buf_free(&text);
	return ok;
}

bool
tw_lint_hba(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "auth_hba_file");
	struct tw_buf text = TW_BUF_INIT;
	size_t rules = 0;
	bool got, ok;

	if (*path == '\0')
		return true;
	ok = file_open(lint, "auth_hba_file", "hba-file", "refuses every client", &text, &got, f,
	               e) &&
	     (!got || tw_hba_parse(&text, path, lint->version, &rules, f, e)) &&
	     (!got || rules > 0 ||
	      tw_finding_add(f, tw_lint_place(lint, "auth_hba_file"), TW_WARNING, "hba-file",
	                     "add a rule", e,
	                     "auth_hba_file: it has no rule: PgBouncer refuses every client"));
	tw_buf_free(&text);
	return ok;
}
