/* SPDX-License-Identifier: ISC */
/* lint_report.c: findings as lines and as JSON. No value of [databases] is in either. */
#include "lint_report.h"
#include "lint/effect.h"
#include "pg/admin.h"
#include "program.h"

#include <stdio.h>
#include <string.h>

static const char name[] = "twpool-lint";

bool
report_print(const struct report *r, bool quiet, struct tw_err *e)
{
	(void)e;
	for (size_t i = 0; i < r->findings->n; i++) {
		const struct tw_finding *x = &r->findings->item[i];

		if (quiet && x->severity == TW_NOTE)
			continue;
		printf("%s:%d:%d: %s: %s: %s -- %s\n",
		       x->at.file != NULL ? x->at.file : r->lint->path, x->at.line, x->at.column,
		       tw_severity_text(x->severity), x->rule, x->message, x->fix);
	}
	if (quiet)
		return true;
	if (r->boot != NULL && r->boot->usable)
		fprintf(stderr,
		        "%s: the installed PgBouncer starts with %s: %zu keys and %zu databases "
		        "are as written\n",
		        name, r->lint->path, r->boot->same.keys, r->boot->same.databases);
	if (r->reloading)
		fprintf(stderr, "%s: reload: %s\n", name, tw_reload_text(r->reload));
	if (r->live != NULL)
		fprintf(stderr, "%s: %zu keys and %zu databases are as in %s\n", name,
		        r->live->keys, r->live->databases, r->lint->path);
	return true;
}

/* same_json is how much agreed. */
static json_t *
same_json(const struct tw_live *same)
{
	return json_pack("{si si}", "keys", (int)same->keys, "databases", (int)same->databases);
}

/* rows_json is an answer of the console as objects, one for each row. */
static json_t *
rows_json(const PGresult *rows)
{
	json_t *list = json_array();

	for (int row = 0; row < PQntuples(rows); row++) {
		json_t *object = json_object();

		for (int i = 0; i < PQnfields(rows); i++)
			json_object_set_new(object, PQfname(rows, i),
			                    PQgetisnull(rows, row, i)
			                        ? json_null()
			                        : tw_json_name(PQgetvalue(rows, row, i)));
		json_array_append_new(list, object);
	}
	return list;
}

/* config_json is SHOW CONFIG as one object, without what may hold a password. */
static json_t *
config_json(const PGresult *rows)
{
	json_t *object = json_object();

	for (int row = 0; row < PQntuples(rows); row++) {
		const char *key = tw_admin_value(rows, row, "key");

		json_object_set_new(object, key,
		                    strcmp(key, "auth_ldap_options") == 0
		                        ? json_null()
		                        : tw_json_name(tw_admin_value(rows, row, "value")));
	}
	return object;
}

/* boot_json is what the shadow boot saw. */
static json_t *
boot_json(const struct tw_boot *boot)
{
	json_t *object = json_pack("{sb sb so so}", "started", boot->started, "usable",
	                           boot->usable, "status",
	                           boot->started ? json_null() : json_integer(boot->status), "same",
	                           same_json(&boot->same));

	json_object_set_new(object, "settings",
	                    boot->usable ? config_json(boot->readback.config) : json_null());
	json_object_set_new(object, "databases",
	                    boot->usable ? rows_json(boot->readback.databases) : json_null());
	json_object_set_new(object, "users",
	                    boot->usable ? rows_json(boot->readback.users) : json_null());
	return object;
}

/* settings_json is what PgBouncer makes of each key of [pgbouncer]; null: nobody knows. */
static json_t *
settings_json(const struct tw_lint *lint)
{
	json_t *object = json_object();

	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, entry->key);
		char own[TW_EFFECT_SIZE];
		const char *text;

		if (tw_ini_find(&lint->ini, "pgbouncer", entry->key) != entry || k == NULL ||
		    strcmp(k->name, "auth_ldap_options") == 0)
			continue;
		json_object_set_new(object, entry->key,
		                    tw_effect_setting(k, entry->value, own, &text) ==
		                            TW_EFFECT_TAKEN
		                        ? tw_json_name(text)
		                        : json_null());
	}
	return object;
}

/* finding_json is one finding. */
static json_t *
finding_json(const struct tw_lint *lint, const struct tw_finding *x)
{
	return json_pack("{so si si ss sb ss so ss ss}", "file",
	                 tw_json_name(x->at.file != NULL ? x->at.file : lint->path), "line",
	                 x->at.line, "column", x->at.column, "severity",
	                 tw_severity_text(x->severity), "refused", x->severity == TW_REFUSED,
	                 "rule", x->rule, "message", tw_json_name(x->message), "fix", x->fix,
	                 "source", tw_lint_source(x->rule));
}

bool
report_json(const struct report *r, struct tw_err *e)
{
	bool found = tw_findings_worst(r->findings) >= TW_WARNING;
	json_t *list = json_array(), *report = tw_json_report(name, found ? "findings" : "ok");
	char version[16];

	for (size_t i = 0; i < r->findings->n; i++)
		json_array_append_new(list, finding_json(r->lint, &r->findings->item[i]));
	json_object_set_new(report, "pgbouncer_version",
	                    r->lint->version != 0
	                        ? json_string(tw_key_version_text(r->lint->version, version))
	                        : json_null());
	json_object_set_new(report, "refused", json_boolean(r->refused));
	json_object_set_new(report, "findings", list);
	json_object_set_new(report, "settings", settings_json(r->lint));
	json_object_set_new(report, "boot", r->boot != NULL ? boot_json(r->boot) : json_null());
	json_object_set_new(report, "reload",
	                    r->reloading ? json_string(tw_reload_text(r->reload)) : json_null());
	json_object_set_new(report, "live", r->live != NULL ? same_json(r->live) : json_null());
	return program_print(report, e);
}

/* key_json is one row of the table. */
static json_t *
key_json(const struct tw_key *k, int version)
{
	static const char *const types[] = {
		"text", "integer", "boolean", "seconds", "list", "enum"
	};
	char since[16], removed[16];
	const char *fallback = tw_key_default(k, version);
	json_t *words = k->words != NULL ? json_array() : json_null();

	for (const struct tw_key_word *w = k->words; w != NULL && w->name != NULL; w++)
		json_array_append_new(words, json_string(w->name));
	return json_pack(
	    "{ss ss so so so sb so so so}", "name", k->name, "type", types[k->type], "since",
	    k->since != 0 ? json_string(tw_key_version_text(k->since, since)) : json_null(),
	    "removed",
	    k->removed != 0 ? json_string(tw_key_version_text(k->removed, removed)) : json_null(),
	    "default", fallback != NULL ? json_string(fallback) : json_null(), "reloadable",
	    tw_key_reloadable(k, version), "min",
	    k->type == TW_KEY_INT ? json_integer(k->min) : json_null(), "max",
	    k->type == TW_KEY_INT ? json_integer(k->max) : json_null(), "words", words);
}

bool
keys_print(int version, struct tw_err *e)
{
	json_t *report = tw_json_report(name, "ok");

	for (enum tw_key_scope s = 0; s < TW_KEY_SCOPES; s++) {
		json_t *list = json_array();

		for (const struct tw_key *k = tw_key_table(s); k->name != NULL; k++) {
			struct tw_err none = TW_ERR_INIT;

			if (version == 0 || tw_key_supported(s, k->name, version, &none))
				json_array_append_new(list, key_json(k, version));
		}
		json_object_set_new(report, tw_key_scope_text(s), list);
	}
	return program_print(report, e);
}
