/* SPDX-License-Identifier: ISC */
/* compare.c: [pgbouncer] against SHOW CONFIG; the lines are compare_lines.c's. */
#include "compare_lines.h"
#include "boot.h"
#include "effect.h"
#include "pg/admin.h"

#include <stdlib.h>
#include <string.h>

bool
tw_readback_ask(PGconn *conn, tw_ms deadline, struct tw_readback *r, struct tw_err *e)
{
	static const char *const config[] = { "key", "value", "changeable", NULL };
	static const char *const name[] = { "name", NULL };

	return tw_admin_show(conn, TW_ADMIN_CONFIG, deadline, &r->config, e) &&
	       tw_admin_columns(r->config, "SHOW CONFIG", config, e) &&
	       tw_admin_show(conn, TW_ADMIN_DATABASES, deadline, &r->databases, e) &&
	       tw_admin_columns(r->databases, "SHOW DATABASES", name, e) &&
	       tw_admin_show(conn, TW_ADMIN_USERS, deadline, &r->users, e) &&
	       tw_admin_columns(r->users, "SHOW USERS", name, e);
}

void
tw_readback_free(struct tw_readback *r)
{
	PQclear(r->config);
	PQclear(r->databases);
	PQclear(r->users);
	*r = (struct tw_readback)TW_READBACK_INIT;
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

/* value_same tells whether PgBouncer has what it makes of a value; where nobody knows, it has. */
static bool
value_same(const struct tw_key *k, const char *value, const char *live)
{
	char own[TW_EFFECT_SIZE];
	const char *text;

	if (k == NULL)
		return strcmp(value, live) == 0;
	switch (tw_effect_setting(k, value, own, &text)) {
	case TW_EFFECT_REFUSED:
		return false;
	case TW_EFFECT_UNDEFINED:
		return true;
	case TW_EFFECT_TAKEN:
		break;
	}
	return strcmp(text, live) == 0 || (k->type == TW_KEY_LIST && lists_same(text, live));
}

/*
 * default_of is the compiled default: what the console says (from 1.15 on), or the table. Up
 * to 1.16 it says nothing of tcp_defer_accept, which no switch can mean.
 */
static const char *
default_of(const struct tw_lint *lint, const struct tw_key *k, const PGresult *rows, int row)
{
	const char *own = tw_admin_value(rows, row, "default");
	const char *table = k != NULL ? tw_key_default(k, lint->version) : NULL;

	if (own != NULL && (*own != '\0' || k == NULL || k->type != TW_KEY_BOOL))
		return own;
	return table != NULL ? table : "";
}

/* restart_takes tells whether a value that differs comes into force with a restart only, which the console says but
 * of a first auth_user: roles of the old auth_file stay known without a password (src/loader.c, disable_users), and
 * whom it knows PgBouncer does not look up (src/client.c, set_pool). */
static bool
restart_takes(const char *key, const PGresult *rows, int row)
{
	return strcmp(tw_admin_value(rows, row, "changeable"), "no") == 0 ||
	       (strcmp(key, "auth_user") == 0 && *tw_admin_value(rows, row, "value") == '\0');
}

/* setting_differs appends the finding for one key. */
static bool
setting_differs(const struct tw_lint *lint, const struct tw_ini_entry *entry, const PGresult *rows,
                int row, bool boot, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, entry->key);
	const char *value;

	if (row < 0)
		return tw_finding_add(
		    f, entry->key_at, TW_ERROR, boot ? "boot-differs" : "restart-needed",
		    boot ? "remove it" : "check the version that runs, and restart it", e,
		    "%s: the %s PgBouncer does not know this key", entry->key,
		    boot ? "installed" : "running");
	value = tw_admin_value(rows, row, "value");
	if (boot)
		return tw_finding_add(f, entry->key_at, TW_ERROR, "boot-differs",
		                      "write what PgBouncer understands", e,
		                      "%s: the file has '%s', this PgBouncer makes '%s' of it",
		                      entry->key, entry->value, value);
	if (restart_takes(entry->key, rows, row))
		return tw_finding_add(
		    f, entry->key_at, TW_ERROR, "restart-needed", "restart PgBouncer", e,
		    "%s: %s has '%s', the running PgBouncer has '%s': differs; takes a restart",
		    entry->key, lint->what, entry->value, value);
	if (k != NULL && value_same(k, default_of(lint, k, rows, row), value))
		return tw_finding_add(f, entry->key_at, TW_ERROR, "default-in-force",
		                      "RELOAD, and if it stays, see PgBouncer's log", e,
		                      "%s: %s has '%s', the running PgBouncer has '%s', the "
		                      "compiled default, as after a reload that stopped half-way",
		                      entry->key, lint->what, entry->value, value);
	return tw_finding_add(f, entry->key_at, TW_ERROR, "reload-needed", "RELOAD, and look again",
	                      e, "%s: %s has '%s', the running PgBouncer has '%s'", entry->key,
	                      lint->what, entry->value, value);
}

/* settings_check holds each key of [pgbouncer] against SHOW CONFIG. */
static bool
settings_check(const struct tw_lint *lint, const PGresult *rows, bool boot, struct tw_live *live,
               struct tw_findings *f, struct tw_err *e)
{
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		int row;

		if (!tw_ini_in(&lint->ini, entry, "pgbouncer") ||
		    tw_ini_find(&lint->ini, "pgbouncer", entry->key) != entry ||
		    (boot && tw_boot_replaced(lint, entry->key)))
			continue;
		row = tw_admin_row(rows, "key", entry->key);
		if (row >= 0 && value_same(tw_key_find(TW_KEY_GLOBAL, entry->key), entry->value,
		                           tw_admin_value(rows, row, "value")))
			live->keys++;
		else if (!setting_differs(lint, entry, rows, row, boot, f, e))
			return false;
	}
	return true;
}

/* unsaid tells whether a key that the file has not may yet be anything: by options of the command
 * line, and by systemd's sockets. */
static bool
unsaid(const char *key)
{
	static const char *const keys[] = {
		"conffile", "user", "verbose", "unix_socket_dir", "listen_addr", "listen_port", NULL
	};
	size_t i = 0;

	while (keys[i] != NULL && strcmp(keys[i], key) != 0)
		i++;
	return keys[i] != NULL;
}

/* rest_check looks at the keys that the file has not: they should have their defaults. */
static bool
rest_check(const struct tw_lint *lint, const PGresult *rows, struct tw_findings *f,
           struct tw_err *e)
{
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *key = tw_admin_value(rows, row, "key");
		const char *value = tw_admin_value(rows, row, "value");
		const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, key);
		bool restart;

		if (k == NULL || tw_ini_find(&lint->ini, "pgbouncer", key) != NULL || unsaid(key) ||
		    value_same(k, default_of(lint, k, rows, row), value))
			continue;
		restart = k->fallback == NULL ||
		          strcmp(tw_admin_value(rows, row, "changeable"), "no") == 0;
		if (!tw_finding_add(
			f, tw_lint_place(lint, key), TW_ERROR,
			restart ? "restart-needed" : "reload-needed",
			restart ? "restart PgBouncer" : "RELOAD, and look again", e,
			"%s: %s does not have it, the running PgBouncer has '%s', which is "
			"not its default",
			key, lint->what, value))
			return false;
	}
	return true;
}

bool
tw_compare(const struct tw_lint *lint, const struct tw_readback *r, bool boot, struct tw_live *live,
           struct tw_findings *f, struct tw_err *e)
{
	return settings_check(lint, r->config, boot, live, f, e) &&
	       (boot || lint->path == NULL || rest_check(lint, r->config, f, e)) &&
	       tw_compare_databases(lint, r, boot, live, f, e) &&
	       tw_compare_users(lint, r, boot, f, e);
}
