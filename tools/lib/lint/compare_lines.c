/* SPDX-License-Identifier: ISC */
/* compare_lines.c: one line of the file, one row of the console, one column for each key. */
#include "compare_lines.h"
#include "conninfo.h"
#include "effect.h"
#include "pg/admin.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A key of a line, and the column that answers it; versions rename columns, the first one counts.
 */
struct column {
	const char *key, *columns[2];
	const char *setting;  /* the key of SHOW CONFIG whose value a line without the key has */
	const char *fallback; /* what such a line shows otherwise; NULL: the entry's name */
};

static const struct column database_columns[] = {
	{ "host", { "host", NULL }, NULL, "" },
	{ "port", { "port", NULL }, NULL, "5432" },
	{ "dbname", { "database", NULL }, NULL, NULL },
	{ "user", { "force_user", NULL }, NULL, "" },
	{ "pool_size", { "pool_size", NULL }, "default_pool_size", "" },
	{ "min_pool_size", { "min_pool_size", NULL }, "min_pool_size", "" },
	{ "reserve_pool", { "reserve_pool_size", "reserve_pool" }, "reserve_pool_size", "" },
	{ "pool_mode", { "pool_mode", NULL }, NULL, "" },
	{ "load_balance_hosts", { "load_balance_hosts", NULL }, NULL, "" },
	{ "server_lifetime", { "server_lifetime", NULL }, "server_lifetime", "" },
	{ "max_db_connections", { "max_connections", NULL }, "max_db_connections", "" },
	{ "max_db_client_connections",
	  { "max_client_connections", NULL },
	  "max_db_client_connections",
	  "" },
};

static const struct column user_columns[] = {
	{ "pool_mode", { "pool_mode", NULL }, NULL, "" },
	{ "pool_size", { "pool_size", NULL }, NULL, "" },
	{ "reserve_pool_size", { "reserve_pool_size", NULL }, NULL, "" },
	{ "max_user_connections", { "max_user_connections", NULL }, "max_user_connections", "" },
	{ "max_user_client_connections",
	  { "max_user_client_connections", NULL },
	  "max_user_client_connections",
	  "" },
};

/* What is compared: a section with the rows of one answer, sorted by name. */
struct table {
	const struct tw_lint *lint;
	const PGresult *rows, *config;
	enum tw_key_scope scope;
	const struct column *column;
	size_t n_columns;
	bool boot;
	int name;
	int *order;
};

/* row_compare orders rows by name for qsort_r. */
static int
row_compare(const void *a, const void *b, void *arg)
{
	const struct table *t = arg;

	return strcmp(PQgetvalue(t->rows, *(const int *)a, t->name),
	              PQgetvalue(t->rows, *(const int *)b, t->name));
}

/* table_open sorts the rows. */
static bool
table_open(struct table *t, struct tw_err *e)
{
	int n = PQntuples(t->rows);

	t->name = PQfnumber(t->rows, "name");
	t->order = malloc(((size_t)n + 1) * sizeof(*t->order));
	if (t->order == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (int i = 0; i < n; i++)
		t->order[i] = i;
	qsort_r(t->order, (size_t)n, sizeof(*t->order), row_compare, t);
	return true;
}

/* row_find is the row of that name, or -1; PgBouncer cuts the names of users. */
static int
row_find(const struct table *t, const char *name)
{
	size_t max = t->scope == TW_KEY_USER ? tw_lint_name_max(t->lint) : SIZE_MAX;
	int low = 0, high = PQntuples(t->rows);

	while (low < high) {
		int middle = (low + high) / 2;
		int way = strncmp(PQgetvalue(t->rows, t->order[middle], t->name), name, max);

		if (way == 0)
			return t->order[middle];
		if (way < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* differs appends a finding about one line. */
static bool
differs(const struct table *t, const struct tw_ini_entry *entry, const char *key,
        const char *expected, const char *value, struct tw_findings *f, struct tw_err *e)
{
	const char *kind = t->scope == TW_KEY_DATABASE ? "database" : "user";

	if (t->boot)
		return tw_finding_add(f, entry->key_at, TW_ERROR, "boot-differs",
		                      "write what PgBouncer understands", e,
		                      "%s '%s': %s should be '%s', this PgBouncer has '%s'", kind,
		                      entry->key, key, expected, value);
	return tw_finding_add(f, entry->key_at, TW_ERROR, "reload-needed", "RELOAD, and look again",
	                      e, "%s '%s': %s has %s '%s', the running PgBouncer has '%s'", kind,
	                      entry->key, t->lint->what, key, expected, value);
}

/* unset is what a line without the key shows. */
static const char *
unset(const struct table *t, const struct tw_ini_entry *entry, const struct column *c)
{
	int row = c->setting != NULL ? tw_admin_row(t->config, "key", c->setting) : -1;

	if (c->fallback == NULL)
		return entry->key;
	return row >= 0 ? tw_admin_value(t->config, row, "value") : c->fallback;
}

/*
 * number_same compares integers: a lifetime of 1.5 s is shown as 1 here, and one of 1234567 s as
 * 1.23457e+06 by SHOW CONFIG.
 */
static bool
number_same(const char *a, const char *b)
{
	char six[32];

	if (strtod(a, NULL) > 2147483647) /* a setting that no int can hold */
		return true;
	snprintf(six, sizeof(six), "%g", strtod(b, NULL));
	return (*a == '\0') == (*b == '\0') &&
	       ((long long)strtod(a, NULL) == strtoll(b, NULL, 10) || strcmp(a, six) == 0);
}

/* column_check compares one key of a line with its column. */
static bool
column_check(const struct table *t, const struct tw_ini_entry *entry, const struct column *c,
             int row, bool *same, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(t->scope, c->key);
	const char *value = tw_admin_value(t->rows, row, c->columns[0]), *expected;
	struct tw_pair pair = { .cut = false };
	char number[16];
	bool plain, said = tw_pair_find(entry->value, c->key, &pair);
	int n;

	if (value == NULL && c->columns[1] != NULL)
		value = tw_admin_value(t->rows, row, c->columns[1]);
	if (!said && strcmp(c->key, "reserve_pool") == 0)
		said = tw_pair_find(entry->value, "reserve_pool_size", &pair);
	if (value == NULL || pair.cut || (t->boot && strcmp(c->key, "min_pool_size") == 0))
		return true;
	if (said && strcmp(c->key, "user") == 0)
		pair.value[tw_lint_name_max(t->lint)] = '\0'; /* which is within the array */
	expected = said ? pair.value : unset(t, entry, c);
	if (said && (k->type == TW_KEY_INT || k->type == TW_KEY_SECONDS)) {
		n = tw_effect_number(pair.value, &plain);
		snprintf(number, sizeof(number), "%d", n);
		/* A negative number means "not set", and so does a lifetime of 0. */
		expected = strcmp(c->key, "port") != 0 &&
		                   (n < 0 || (n == 0 && k->type == TW_KEY_SECONDS))
		               ? unset(t, entry, c)
		               : number;
	}
	if (k->type == TW_KEY_INT || k->type == TW_KEY_SECONDS ? number_same(expected, value)
	    : k->type == TW_KEY_ENUM                           ? strcasecmp(expected, value) == 0
	                                                       : strcmp(expected, value) == 0)
		return true;
	*same = false;
	return differs(t, entry, c->key, expected, value, f, e);
}

/* line_check compares one line with its row. */
static bool
line_check(const struct table *t, const struct tw_ini_entry *entry, bool *same,
           struct tw_findings *f, struct tw_err *e)
{
	int row = row_find(t, entry->key);

	*same = row >= 0;
	if (row < 0)
		return tw_finding_add(
		    f, entry->key_at, TW_ERROR, t->boot ? "boot-differs" : "reload-needed",
		    t->boot ? "see the other findings" : "RELOAD, and look again", e,
		    "the %s PgBouncer has no %s '%s'", t->boot ? "installed" : "running",
		    t->scope == TW_KEY_DATABASE ? "database" : "user", entry->key);
	for (size_t i = 0; i < t->n_columns; i++) {
		if (!column_check(t, entry, &t->column[i], row, same, f, e))
			return false;
	}
	return true;
}

/* extras_check reports databases that only the daemon has; under "*" it makes them up itself. */
static bool
extras_check(const struct table *t, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_ini *ini = &t->lint->ini;
	struct tw_place at = { 1, 1, NULL };

	if (tw_ini_find(ini, "databases", "*") != NULL)
		return true;
	for (size_t i = ini->n_sections; i > 0; i--) {
		if (strcmp(ini->section[i - 1].name, "databases") == 0)
			at = ini->section[i - 1].at;
	}
	for (int row = 0; row < PQntuples(t->rows); row++) {
		const char *name = PQgetvalue(t->rows, row, t->name);

		if (strcmp(name, "pgbouncer") != 0 && tw_ini_find(ini, "databases", name) == NULL &&
		    !tw_finding_add(f, at, TW_ERROR, t->boot ? "boot-differs" : "reload-needed",
		                    t->boot ? "see the other findings"
		                            : "RELOAD, or restart PgBouncer",
		                    e, "the %s PgBouncer has the database '%s', %s has not",
		                    t->boot ? "installed" : "running", name, t->lint->what))
			return false;
	}
	return true;
}

/* table_check goes through the lines that count; *same counts those that agree. */
static bool
table_check(struct table *t, size_t *same, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_ini *ini = &t->lint->ini;
	const char *section = tw_key_scope_text(t->scope);
	bool ok = table_open(t, e), agrees;

	for (size_t i = 0; ok && i < ini->n_entries; i++) {
		const struct tw_ini_entry *entry = &ini->entry[i];

		if (!tw_ini_in(ini, entry, section) ||
		    tw_ini_find(ini, section, entry->key) != entry ||
		    (t->scope == TW_KEY_DATABASE && strcmp(entry->key, "*") == 0))
			continue;
		ok = line_check(t, entry, &agrees, f, e);
		*same += agrees;
	}
	ok = ok && (t->scope != TW_KEY_DATABASE || extras_check(t, f, e));
	free(t->order);
	return ok;
}

bool
tw_compare_databases(const struct tw_lint *lint, const struct tw_readback *r, bool boot,
                     struct tw_live *live, struct tw_findings *f, struct tw_err *e)
{
	struct table t = { lint,
		           r->databases,
		           r->config,
		           TW_KEY_DATABASE,
		           database_columns,
		           sizeof(database_columns) / sizeof(*database_columns),
		           boot,
		           0,
		           NULL };

	return table_check(&t, &live->databases, f, e);
}

bool
tw_compare_users(const struct tw_lint *lint, const struct tw_readback *r, bool boot,
                 struct tw_findings *f, struct tw_err *e)
{
	struct table t = { lint,         r->users,
		           r->config,    TW_KEY_USER,
		           user_columns, sizeof(user_columns) / sizeof(*user_columns),
		           boot,         0,
		           NULL };
	size_t same = 0;

	return table_check(&t, &same, f, e);
}
