/* SPDX-License-Identifier: ISC */
/* summary_page.c: the report of summary.c as lines on paper. Decides nothing. */
#include "criteria.h"
#include "summary.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 78
#define LABEL 12

/* So many paths are named; the page is to stay one. */
#define PATHS 12

/* text is a string of the report, or "". */
static const char *
text(const json_t *report, const char *path)
{
	const char *s = json_string_value(tw_criteria_at(report, path));

	return s != NULL ? s : "";
}

/* number is a whole number of the report. */
static long long
number(const json_t *report, const char *path)
{
	return json_integer_value(tw_criteria_at(report, path));
}

/* plain_add appends text without its control bytes, with which a log could write on a terminal. */
static bool
plain_add(const char *s, size_t n, struct tw_buf *b, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool control = c < 0x20 || c == 0x7f ||
		               (c >= 0x80 && c < 0xa0 && i > 0 && (unsigned char)s[i - 1] == 0xc2);

		ok = tw_buf_add(b, control ? "?" : &s[i], 1, e);
	}
	return ok;
}

/* field_add appends a label and its text, whose lines begin below each other; no word is broken. */
static bool
field_add(const char *label, const char *words, struct tw_buf *b, struct tw_err *e)
{
	bool ok = tw_buf_printf(b, e, "%-*s", LABEL, label);
	size_t at = LABEL;

	for (words += strspn(words, " \n"); ok && *words != '\0'; words += strspn(words, " \n")) {
		size_t n = strcspn(words, " \n");

		if (at > LABEL && at + 1 + n > COLUMNS) {
			ok = tw_buf_printf(b, e, "\n%*s", LABEL, "");
			at = LABEL;
		} else if (at > LABEL) {
			ok = tw_buf_puts(b, " ", e);
			at++;
		}
		ok = ok && plain_add(words, n, b, e);
		words += n;
		at += n;
	}
	return ok && tw_buf_puts(b, "\n", e);
}

/* list_text appends a list of strings, with `between` them. */
static bool
list_text(const json_t *list, const char *between, struct tw_buf *b, struct tw_err *e)
{
	const json_t *one;
	size_t i;
	bool ok = true;

	json_array_foreach (list, i, one) {
		ok = ok && tw_buf_puts(b, i > 0 ? between : "", e) &&
		     tw_buf_puts(b, json_string_value(one) ? json_string_value(one) : "", e);
	}
	return ok;
}

/* status_add appends the verdict with its reason. */
static bool
status_add(const json_t *report, struct tw_buf *b, struct tw_err *e)
{
	const char *status = text(report, "status"), *reason = text(report, "reason");
	struct tw_buf all = TW_BUF_INIT;
	bool ok;

	if (strcmp(status, "not_validated") == 0)
		status = "not validated";
	ok = tw_buf_printf(&all, e, "%s%s%s", status, *reason != '\0' ? ": " : "", reason) &&
	     field_add("status", tw_buf_text(&all), b, e);
	tw_buf_free(&all);
	return ok;
}

/* generation_add appends the number, the time, and what has become of it since. */
static bool
generation_add(const json_t *report, struct tw_buf *b, struct tw_err *e)
{
	const char *state = text(report, "state"), *since = "";
	char line[128];

	if (strcmp(state, "undone") == 0)
		since = "; taken back since";
	else if (strcmp(state, "undoing") == 0)
		since = "; partly taken back since";
	snprintf(line, sizeof(line), "%04lld of %s%s", number(report, "generation"),
	         text(report, "created"), since);
	return field_add("generation", line, b, e);
}

/* site_add appends which site it was, and where its pooler stands. */
static bool
site_add(const json_t *report, struct tw_buf *b, struct tw_err *e)
{
	const json_t *site = json_object_get(report, "site");
	const char *version = text(report, "pgbouncer_version"), *unit = text(site, "server_unit");
	struct tw_buf line = TW_BUF_INIT;
	bool ok = tw_buf_printf(&line, e, "PgBouncer %s",
	                        *version ? version : "(version not known)");

	if (ok && json_is_object(site))
		ok = tw_buf_printf(&line, e, ", %s:%lld -> %s:%lld, %s pooling",
		                   text(site, "listen_addr"), number(site, "listen_port"),
		                   text(site, "postgres_host"), number(site, "postgres_port"),
		                   text(site, "pool_mode"));
	ok = ok && field_add("pooler", tw_buf_text(&line), b, e);
	tw_buf_free(&line);
	if (!json_is_object(site))
		return ok && field_add("site", "not known", b, e);
	ok = ok &&
	     tw_buf_printf(&line, e, "%s%s%s%s, database ", text(site, "server_directory"),
	                   *unit ? " (" : "", unit, *unit ? ")" : "") &&
	     list_text(json_object_get(site, "databases"), ", ", &line, e) &&
	     field_add("site", tw_buf_text(&line), b, e);
	tw_buf_free(&line);
	return ok;
}

/* paths_add appends a line for each file, and how many directories and further files there are. */
static bool
paths_add(const json_t *changes, struct tw_buf *b, struct tw_err *e)
{
	size_t i, files = 0, directories = 0;
	const json_t *one;
	char more[96] = "";
	bool ok = true;

	json_array_foreach (changes, i, one) {
		if (strcmp(text(one, "kind"), "directory") == 0)
			directories++;
		else if (ok && ++files <= PATHS)
			ok = field_add(text(one, "action"), text(one, "path"), b, e);
	}
	if (files > PATHS)
		snprintf(more, sizeof(more), "%zu more files", files - PATHS);
	if (directories > 0)
		snprintf(more + strlen(more), sizeof(more) - strlen(more), "%s%zu director%s",
		         *more ? ", " : "", directories, directories == 1 ? "y" : "ies");
	if (*more != '\0')
		ok = ok && field_add("and", more, b, e);
	if (files + directories == 0)
		ok = ok && field_add("paths", "none", b, e);
	return ok;
}

/* names_add appends a list of names, where there are any. */
static bool
names_add(const char *label, const json_t *names, struct tw_buf *b, struct tw_err *e)
{
	struct tw_buf line = TW_BUF_INIT;
	bool ok = json_array_size(names) == 0 ||
	          (list_text(names, " ", &line, e) && field_add(label, tw_buf_text(&line), b, e));

	tw_buf_free(&line);
	return ok;
}

/* services_add appends what happened to the pooler and the server. */
static bool
services_add(const json_t *report, struct tw_buf *b, struct tw_err *e)
{
	const char *enabled = text(report, "unit_enabled_before");
	const char *active = text(report, "unit_active_before");
	bool started = json_is_true(json_object_get(report, "pooler_started"));
	bool restarted = json_is_true(json_object_get(report, "pooler_restarted"));
	char line[160] = "";

	if (*enabled != '\0')
		snprintf(line, sizeof(line), "pgbouncer.service (before: %.40s, %.40s), ", enabled,
		         active);
	if (started || restarted)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "pooler %s, ",
		         started ? "started" : "restarted");
	snprintf(line + strlen(line), sizeof(line) - strlen(line), "server %s",
	         json_is_true(json_object_get(report, "server_restarted")) ? "restarted"
	                                                                   : "not restarted");
	return field_add("services", line, b, e);
}

/* way_back_add appends what to do when it was not a good idea. */
static bool
way_back_add(const json_t *report, struct tw_buf *b, struct tw_err *e)
{
	const char *directory = text(report, "directory");
	bool ok = tw_buf_puts(b, "\nTHE WAY BACK\n", e);

	if (strcmp(text(report, "state"), "undone") == 0)
		ok = ok && tw_buf_puts(b, "nothing is left of this deploy on the host\n", e);
	else
		ok = ok && tw_buf_printf(
			       b, e,
			       "%-29s to no pooling at all (or: make rollback)\n"
			       "twpool-rollback --to %04lld%*s to the state before this deploy\n",
			       "twpool-rollback", number(report, "generation"), 4, "");
	return ok && tw_buf_printf(b, e, "\nevidence    %s/evidence.json\n", directory) &&
	       tw_buf_printf(b, e, "record      %s/manifest.json\n", directory);
}

bool
tw_summary_table(const json_t *summary, struct tw_buf *b, struct tw_err *e)
{
	static const char *const words[][2] = { { "met", "met" },
		                                { "not_met", "NOT MET" },
		                                { "not_measured", "not measured" },
		                                { "not_judged", "no limit" } };
	const json_t *criteria = json_object_get(summary, "criteria"), *one;
	const char *word = "";
	size_t i;
	bool ok = tw_buf_printf(b, e, "%-26s %-13s %-22s %s\n", "SUCCESS CRITERIA", "needed",
	                        "measured", "result");

	json_array_foreach (criteria, i, one) {
		const char *needed = text(one, "needed"), *measured = text(one, "measured");

		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
			if (strcmp(text(one, "result"), words[k][0]) == 0)
				word = words[k][1];
		}
		ok = ok && tw_buf_printf(b, e, "%-26s %-13s %-22s %s\n", text(one, "title"),
		                         *needed ? needed : "-", *measured ? measured : "-", word);
	}
	return ok && tw_buf_printf(b, e, "%zu met, %zu NOT MET, %zu not measured\n",
	                           tw_criteria_count(criteria, "met"),
	                           tw_criteria_count(criteria, "not_met"),
	                           tw_criteria_count(criteria, "not_measured"));
}

bool
tw_summary_page(const json_t *summary, struct tw_buf *b, struct tw_err *e)
{
	const char *host = text(summary, "host");

	return tw_buf_puts(b, "twpool: a connection pool in front of PostgreSQL\n\n", e) &&
	       generation_add(summary, b, e) &&
	       field_add("host", *host ? host : "not recorded", b, e) &&
	       status_add(summary, b, e) && site_add(summary, b, e) &&
	       tw_buf_puts(b, "\nWHAT CHANGED\n", e) &&
	       paths_add(json_object_get(summary, "changes"), b, e) &&
	       names_add("packages", json_object_get(summary, "packages"), b, e) &&
	       names_add("accounts", json_object_get(summary, "accounts"), b, e) &&
	       services_add(summary, b, e) && tw_buf_puts(b, "\n", e) &&
	       tw_summary_table(summary, b, e) && way_back_add(summary, b, e);
}
