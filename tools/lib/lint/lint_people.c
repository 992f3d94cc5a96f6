/* SPDX-License-Identifier: ISC */
/* lint_people.c: who may log in, how, and what the operator cannot do with such a file. */
#include "conninfo.h"
#include "lint.h"

#include <string.h>
#include <strings.h>

/* serves tells whether the file has a database that somebody could want. */
static bool
serves(const struct tw_lint *lint)
{
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		if (tw_ini_in(&lint->ini, &lint->ini.entry[i], "databases"))
			return true;
	}
	return false;
}

/* list_has tells whether a list, by commas and blanks, has the word. */
static bool
list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list != '\0') {
		size_t m = strcspn(list, ", \t");

		if (m == n && memcmp(list, word, n) == 0)
			return true;
		list += m;
		list += strspn(list, ", \t");
	}
	return false;
}

/* looked_up tells whether secrets are asked from PostgreSQL. */
static bool
looked_up(const struct tw_lint *lint)
{
	struct tw_pair pair;

	if (*tw_lint_value(lint, "auth_user") != '\0')
		return true;
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (tw_ini_in(&lint->ini, entry, "databases") &&
		    tw_pair_find(entry->value, "auth_user", &pair))
			return true;
	}
	return false;
}

/* auth_check judges auth_type, and what it needs. */
static bool
auth_check(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *type = tw_lint_value(lint, "auth_type");
	bool open = strcasecmp(type, "any") == 0 || strcasecmp(type, "trust") == 0;

	if (open && !tw_finding_add(f, tw_lint_place(lint, "auth_type"), TW_WARNING, "auth-open",
	                            "set auth_type = scram-sha-256 or hba", e,
	                            "auth_type: with %s nobody is asked for a password", type))
		return false;
	if (strcasecmp(type, "plain") == 0 &&
	    !tw_finding_add(f, tw_lint_place(lint, "auth_type"), TW_WARNING, "auth-plain",
	                    "set auth_type = scram-sha-256", e,
	                    "auth_type: plain sends passwords as they are"))
		return false;
	if (strcasecmp(type, "hba") == 0 && *tw_lint_value(lint, "auth_hba_file") == '\0')
		return tw_finding_add(f, tw_lint_place(lint, "auth_type"), TW_ERROR, "hba-file",
		                      "set auth_hba_file", e,
		                      "auth_type: hba without auth_hba_file: PgBouncer starts and "
		                      "refuses every client");
	if (!open && strcasecmp(type, "hba") != 0 && strcasecmp(type, "cert") != 0 &&
	    strcasecmp(type, "pam") != 0 && strcasecmp(type, "ldap") != 0 && serves(lint) &&
	    *tw_lint_value(lint, "auth_file") == '\0' && !looked_up(lint))
		return tw_finding_add(f, tw_lint_place(lint, "auth_file"), TW_WARNING, "auth-file",
		                      "set auth_file, or auth_user and auth_query", e,
		                      "auth_file is not set: PgBouncer knows nobody's secret");
	return true;
}

bool
tw_lint_people(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	if (!auth_check(lint, f, e))
		return false;
	if (!serves(lint))
		return true;
	if (lint->version >= TW_PGBOUNCER(1, 24, 0) &&
	    tw_lint_before(lint, TW_PGBOUNCER(1, 25, 2)) &&
	    *tw_lint_value(lint, "stats_users") != '\0' &&
	    !tw_finding_add(f, tw_lint_place(lint, "stats_users"), TW_NOTE, "stats-users",
	                    "see the package's changelog, or upgrade", e,
	                    "from PgBouncer 1.24.0 to 1.25.1 stats_users may also KILL_CLIENT "
	                    "(CVE-2026-6667)"))
		return false;
	if (*tw_lint_value(lint, "admin_users") == '\0' &&
	    *tw_lint_value(lint, "stats_users") == '\0' &&
	    !tw_finding_add(f, tw_lint_place(lint, "admin_users"), TW_NOTE, "no-admin",
	                    "set stats_users", e,
	                    "neither admin_users nor stats_users: SHOW is refused to everybody but "
	                    "PgBouncer's own OS user"))
		return false;
	return list_has(tw_lint_value(lint, "ignore_startup_parameters"), "extra_float_digits") ||
	       tw_finding_add(f, tw_lint_place(lint, "ignore_startup_parameters"), TW_NOTE,
	                      "startup-parameters",
	                      "set ignore_startup_parameters = extra_float_digits", e,
	                      "extra_float_digits is not ignored: clients with JDBC are refused");
}
