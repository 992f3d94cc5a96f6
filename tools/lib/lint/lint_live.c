/* SPDX-License-Identifier: ISC */
/*
 * lint_live.c: the file against the PgBouncer that runs. A RELOAD that failed, or that silently
 * left out what takes a restart, shows here and nowhere else.
 */
#include "conninfo.h"
#include "lint.h"
#include "pg/admin.h"
#include "site/keys.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the lines of [databases] may say, and the column of SHOW DATABASES that answers it. */
static const struct {
	const char *key;
	const char *columns[2]; /* the first that exists; versions rename them */
	const char
	    *fallback; /* what the daemon shows where the line has no such key; NULL: anything */
} database_columns[] = {
	{ "host", { "host", NULL }, "" },
	{ "port", { "port", NULL }, "5432" },
	{ "dbname", { "database", NULL }, NULL }, /* the entry's name: see database_expected */
	{ "user", { "force_user", NULL }, "" },
	{ "pool_size", { "pool_size", NULL }, NULL },
	{ "min_pool_size", { "min_pool_size", NULL }, NULL },
	{ "reserve_pool", { "reserve_pool", "reserve_pool_size" }, NULL },
	{ "reserve_pool_size", { "reserve_pool_size", "reserve_pool" }, NULL },
	{ "pool_mode", { "pool_mode", NULL }, NULL },
	{ "max_db_connections", { "max_connections", NULL }, NULL },
};

/* numbers_same compares two texts as C numbers (0777 is 511) or as decimals; false: not numbers. */
static bool
numbers_same(const char *a, const char *b)
{
	char *end_a, *end_b;
	long la = strtol(a, &end_a, 0), lb = strtol(b, &end_b, 0);
	double da, db;

	if (end_a != a && end_b != b && *end_a == '\0' && *end_b == '\0')
		return la == lb;
	da = strtod(a, &end_a);
	db = strtod(b, &end_b);
	/* PgBouncer keeps microseconds. */
	return end_a != a && end_b != b && *end_a == '\0' && *end_b == '\0' && da - db < 2e-6 &&
	       db - da < 2e-6;
}

/* lists_same compares two lists word by word; commas and blanks separate. */
static bool
lists_same(const char *a, const char *b)
{
	static const char gaps[] = ", \t";

	for (;;) {
		size_t n, m;

		a += strspn(a, gaps);
		b += strspn(b, gaps);
		n = strcspn(a, gaps);
		m = strcspn(b, gaps);
		if (n != m || memcmp(a, b, n) != 0)
			return false;
		if (n == 0)
			return true;
		a += n;
		b += n;
	}
}

/* values_same compares as the key's type asks. */
static bool
values_same(enum tw_key_type type, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	switch (type) {
	case TW_KEY_INT:
	case TW_KEY_BOOL:
	case TW_KEY_SECONDS:
		return numbers_same(a, b);
	case TW_KEY_LIST:
		return lists_same(a, b);
	case TW_KEY_ENUM:
		return strcasecmp(a, b) == 0;
	case TW_KEY_TEXT:
		return false;
	}
	return false;
}

/* setting_differs appends the finding for one key; the console says what takes a restart. */
static bool
setting_differs(const struct tw_lint *lint, const struct tw_ini_entry *entry, const PGresult *rows,
                int row, struct tw_findings *f, struct tw_err *e)
{
	const char *changeable = row >= 0 ? tw_admin_value(rows, row, "changeable") : NULL;
	const char *value = row >= 0 ? tw_admin_value(rows, row, "value") : NULL;

	if (row < 0)
		return tw_finding_add(f, entry->key_at, TW_ERROR, "restart-needed",
		                      "check the version that runs, and restart it", e,
		                      "%s: the running PgBouncer does not know this key",
		                      entry->key);
	if (changeable != NULL && strcmp(changeable, "no") == 0)
		return tw_finding_add(
		    f, entry->key_at, TW_ERROR, "restart-needed", "restart PgBouncer", e,
		    "%s: %s has '%s', the running PgBouncer has '%s': differs; takes a "
		    "restart",
		    entry->key, lint->what, entry->value, value ? value : "");
	return tw_finding_add(f, entry->key_at, TW_ERROR, "reload-needed", "RELOAD, and look again",
	                      e, "%s: %s has '%s', the running PgBouncer has '%s'", entry->key,
	                      lint->what, entry->value, value ? value : "");
}

/* settings_check holds each key of [pgbouncer] against SHOW CONFIG. */
static bool
settings_check(const struct tw_lint *lint, const PGresult *rows, struct tw_live *live,
               struct tw_findings *f, struct tw_err *e)
{
	if (PQfnumber(rows, "key") < 0 || PQfnumber(rows, "value") < 0)
		return tw_fail(e, EX_UNAVAILABLE, "SHOW CONFIG: not the answer of PgBouncer");
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, entry->key);
		int row = tw_admin_row(rows, "key", entry->key);

		if (tw_ini_find(&lint->ini, "pgbouncer", entry->key) != entry)
			continue;
		if (row >= 0 && values_same(k ? k->type : TW_KEY_TEXT, entry->value,
		                            tw_admin_value(rows, row, "value")))
			live->keys++;
		else if (!setting_differs(lint, entry, rows, row, f, e))
			return false;
	}
	return true;
}

/* database_expected is what the daemon should show for row `i` of database_columns, or NULL. */
static const char *
database_expected(const struct tw_ini_entry *entry, size_t i, struct tw_pair *pair)
{
	if (tw_pair_find(entry->value, database_columns[i].key, pair))
		return pair->value;
	if (strcmp(database_columns[i].key, "dbname") == 0)
		return entry->key;
	return database_columns[i].fallback;
}

/* database_check compares one line of [databases] with its row. */
static bool
database_check(const struct tw_lint *lint, const struct tw_ini_entry *entry, const PGresult *rows,
               int row, bool *same, struct tw_findings *f, struct tw_err *e)
{
	struct tw_pair pair;

	for (size_t i = 0; i < sizeof(database_columns) / sizeof(*database_columns); i++) {
		const struct tw_key *k = tw_key_find(TW_KEY_DATABASE, database_columns[i].key);
		const char *expected = database_expected(entry, i, &pair), *value;

		value = tw_admin_value(rows, row, database_columns[i].columns[0]);
		if (value == NULL && database_columns[i].columns[1] != NULL)
			value = tw_admin_value(rows, row, database_columns[i].columns[1]);
		if (expected == NULL || value == NULL || values_same(k->type, expected, value))
			continue;
		*same = false;
		if (!tw_finding_add(
			f, entry->key_at, TW_ERROR, "reload-needed", "RELOAD, and look again", e,
			"database '%s': %s has %s '%s', the running PgBouncer has '%s'", entry->key,
			lint->what, database_columns[i].key, expected, value))
			return false;
	}
	return true;
}

/* extras_check reports databases that only the daemon has; under "*" it makes them up itself. */
static bool
extras_check(const struct tw_lint *lint, const PGresult *rows, struct tw_findings *f,
             struct tw_err *e)
{
	struct tw_place at = { 1, 1, NULL };

	if (tw_ini_find(&lint->ini, "databases", "*") != NULL)
		return true;
	for (size_t i = lint->ini.n_sections; i > 0; i--) {
		if (strcmp(lint->ini.section[i - 1].name, "databases") == 0)
			at = lint->ini.section[i - 1].at;
	}
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *name = tw_admin_value(rows, row, "name");

		if (strcmp(name, "pgbouncer") != 0 &&
		    tw_ini_find(&lint->ini, "databases", name) == NULL &&
		    !tw_finding_add(f, at, TW_ERROR, "reload-needed",
		                    "RELOAD, or restart PgBouncer", e,
		                    "the running PgBouncer has the database '%s', %s has not", name,
		                    lint->what))
			return false;
	}
	return true;
}

/* databases_check holds [databases] against SHOW DATABASES, both ways. */
static bool
databases_check(const struct tw_lint *lint, const PGresult *rows, struct tw_live *live,
                struct tw_findings *f, struct tw_err *e)
{
	if (PQfnumber(rows, "name") < 0)
		return tw_fail(e, EX_UNAVAILABLE, "SHOW DATABASES: not the answer of PgBouncer");
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		int row = tw_admin_row(rows, "name", entry->key);
		bool same = row >= 0;

		if (tw_ini_find(&lint->ini, "databases", entry->key) != entry ||
		    strcmp(entry->key, "*") == 0)
			continue;
		if (row < 0 &&
		    !tw_finding_add(f, entry->key_at, TW_ERROR, "reload-needed",
		                    "RELOAD, and look again", e,
		                    "the running PgBouncer has no database '%s'", entry->key))
			return false;
		if (row >= 0 && !database_check(lint, entry, rows, row, &same, f, e))
			return false;
		live->databases += same;
	}
	return extras_check(lint, rows, f, e);
}

bool
tw_lint_live(const struct tw_lint *lint, PGconn *conn, tw_ms deadline, struct tw_live *live,
             struct tw_findings *findings, struct tw_err *e)
{
	PGresult *config = NULL, *databases = NULL;
	bool ok = tw_admin_show(conn, TW_ADMIN_CONFIG, deadline, &config, e) &&
	          tw_admin_show(conn, TW_ADMIN_DATABASES, deadline, &databases, e) &&
	          settings_check(lint, config, live, findings, e) &&
	          databases_check(lint, databases, live, findings, e);

	PQclear(config);
	PQclear(databases);
	return ok;
}
