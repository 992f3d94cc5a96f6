/* SPDX-License-Identifier: ISC */
/* summary.c: what a generation holds, as one report. What it looks like is summary_page.c's. */
#include "base/mask.h"
#include "criteria.h"
#include "summary.h"

#include <stdio.h>
#include <string.h>

/* file_load reads a JSON file of the generation; *json stays NULL where there is none. */
static bool
file_load(const struct tw_record *r, const char *name, json_t **json, struct tw_err *e)
{
	char path[4096 + 32];
	struct stat st;
	bool exists;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	if (!tw_file_status(path, &st, &exists, e) || !exists)
		return e->exit == 0;
	*json = tw_json_load(path, e);
	if (*json == NULL && e->exit == EX_CONFIG)
		e->exit = EX_DATAERR;
	return *json != NULL;
}

/* changes_json is the list of what became of each path. */
static json_t *
changes_json(const struct tw_record *r)
{
	json_t *list = json_array(), *entry;
	size_t i;

	json_array_foreach (tw_record_entries(r), i, entry) {
		const char *kind = json_string_value(json_object_get(entry, "kind"));
		bool fresh = json_is_null(json_object_get(entry, "old"));
		const char *action = strcmp(kind, "edit") == 0        ? "edited"
		                     : fresh                          ? "created"
		                     : strcmp(kind, "directory") == 0 ? "changed"
		                                                      : "replaced";

		json_array_append_new(list, json_pack("{ss ss sO}", "action", action, "kind", kind,
		                                      "path", json_object_get(entry, "path")));
	}
	return list;
}

/* words_json is the list of the words of a note; empty where there is none. */
static json_t *
words_json(const char *text)
{
	json_t *list = json_array();

	for (text = text ? text : ""; *(text += strspn(text, " \n")) != '\0';) {
		size_t n = strcspn(text, " \n");

		json_array_append_new(list, json_stringn(text, n));
		text += n;
	}
	return list;
}

/* accounts_json is the list of the accounts that were made: of notes "account.NAME". */
static json_t *
accounts_json(const json_t *notes)
{
	static const char prefix[] = "account.";
	json_t *list = json_array();
	void *i;

	for (i = json_object_iter((json_t *)notes); i != NULL;
	     i = json_object_iter_next((json_t *)notes, i)) {
		const char *key = json_object_iter_key(i);

		if (strncmp(key, prefix, strlen(prefix)) == 0)
			json_array_append_new(list, json_string(key + strlen(prefix)));
	}
	return list;
}

/* note_json is a note that is not empty, else null. */
static json_t *
note_json(const json_t *notes, const char *key)
{
	const char *text = json_string_value(json_object_get(notes, key));

	return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

/* notes_json adds what was changed beside paths: packages, accounts, services. */
static void
notes_json(const json_t *notes, json_t *report)
{
	json_object_set_new(
	    report, "packages",
	    words_json(json_string_value(json_object_get(notes, "package.installed"))));
	json_object_set_new(report, "accounts", accounts_json(notes));
	json_object_set_new(report, "unit_enabled_before", note_json(notes, "unit.enabled"));
	json_object_set_new(report, "unit_active_before", note_json(notes, "unit.active"));
	json_object_update_new(report, json_pack("{sb sb sb}", "pooler_started",
	                                         json_object_get(notes, "pooler.started") != NULL,
	                                         "pooler_restarted",
	                                         json_object_get(notes, "pooler.restarted") != NULL,
	                                         "server_restarted",
	                                         json_object_get(notes, "server.touched") != NULL));
}

/* site_json is which site it was, null where its copy cannot be read. */
static json_t *
site_json(const struct tw_site *site)
{
	json_t *names = json_array();
	const json_t *database;
	size_t i;

	json_array_foreach (tw_criteria_at(site->root, "databases"), i, database) {
		json_array_append(names, json_object_get(database, "name"));
	}
	return json_pack("{ss ss so ss sI ss sI ss}", "server_directory",
	                 tw_site_text(site, "server.directory"), "server_unit",
	                 tw_site_text(site, "server.unit"), "databases", names, "listen_addr",
	                 tw_site_text(site, "pgbouncer.listen_addr"), "listen_port",
	                 (json_int_t)tw_site_integer(site, "pgbouncer.listen_port"),
	                 "postgres_host", tw_site_text(site, "postgres.host"), "postgres_port",
	                 (json_int_t)tw_site_integer(site, "postgres.port"), "pool_mode",
	                 tw_site_text(site, "pgbouncer.pool_mode"));
}

/* member is a string of the evidence, else null. */
static json_t *
member(const json_t *evidence, const char *path)
{
	const char *text = json_string_value(tw_criteria_at(evidence, path));

	return text != NULL ? json_string(text) : json_null();
}

/* reason_json is why validate failed: its words may quote a log. */
static json_t *
reason_json(const json_t *evidence)
{
	const char *text = json_string_value(tw_criteria_at(evidence, "reason"));
	struct tw_buf masked = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	json_t *json = json_null();

	if (text != NULL && tw_mask(text, strlen(text), false, &masked, &ignored))
		json = json_string(tw_buf_text(&masked));
	tw_buf_free(&masked);
	return json;
}

/* status_set judges the whole: the criteria outweigh what validate wrote down. */
static void
status_set(const struct tw_record *r, const json_t *evidence, json_t *report)
{
	const char *said = json_string_value(json_object_get(evidence, "status"));
	const json_t *criteria = json_object_get(report, "criteria");
	size_t missed = tw_criteria_count(criteria, "not_met");
	const char *status = "not_validated";
	json_t *reason = json_null();

	if (said != NULL && strcmp(said, "failed") == 0) {
		status = "failed";
		reason = reason_json(evidence);
	} else if (missed > 0) {
		status = "failed";
		reason = json_string("not every criterion is met");
	} else if (said != NULL && strcmp(said, "unproven") == 0) {
		status = "unproven";
		reason = note_json(json_object_get(r->manifest, "notes"), "unproven");
	} else if (said != NULL && strcmp(said, "passed") == 0) {
		status = "passed";
	} else {
		reason = json_string(evidence ? "validate did not end" : "validate did not run");
	}
	json_object_set_new(report, "status", json_string(status));
	json_object_set_new(report, "reason", reason);
}

/* report_make puts it all together. */
static json_t *
report_make(const struct tw_record *r, const json_t *evidence, const struct tw_site *site)
{
	json_t *report = tw_json_report("twpool-generation", "");

	json_object_update_new(
	    report,
	    json_pack("{sn sI ss sO so so so so so ss}", "reason", "generation",
	              (json_int_t)r->number, "state", tw_record_state(r), "created",
	              json_object_get(r->manifest, "created"), "host", member(evidence, "host"),
	              "pgbouncer_version", member(evidence, "watch.pgbouncer_version"), "site",
	              site ? site_json(site) : json_null(), "changes", changes_json(r), "criteria",
	              tw_criteria(evidence, site), "directory", r->dir));
	notes_json(json_object_get(r->manifest, "notes"), report);
	status_set(r, evidence, report);
	return report;
}

json_t *
tw_summary(const struct tw_record *r, struct tw_err *e)
{
	struct tw_site site = TW_SITE_INIT;
	struct tw_err site_error = TW_ERR_INIT;
	char path[4096 + 32];
	json_t *evidence = NULL, *report = NULL;
	bool known;

	snprintf(path, sizeof(path), "%s/site.json", r->dir);
	/* One that another version wrote, or none, must not hide the rest. */
	known = tw_site_load(path, &site, &site_error);
	if (file_load(r, "evidence.json", &evidence, e)) {
		report = report_make(r, evidence, known ? &site : NULL);
		if (json_array_size(json_object_get(report, "criteria")) == 0) {
			tw_fail(e, EX_OSERR, "out of memory");
			json_decref(report);
			report = NULL;
		}
	}
	json_decref(evidence);
	tw_site_free(&site);
	return report;
}

bool
tw_summary_failed(const json_t *summary)
{
	const char *status = json_string_value(json_object_get(summary, "status"));

	return status == NULL || strcmp(status, "failed") == 0;
}
