/* SPDX-License-Identifier: ISC */
/*
 * boot_log.c: what the shadow said. PgBouncer repeats a line of [databases] that it does not take,
 * with its password, so that nothing of such a line is repeated here.
 */
#include "base/scrub.h"
#include "boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many lines are enough. */
#define LINES_MAX 20

/* log_text is a line behind its date and process; *level is 'E', 'F', 'W', or 0 for the rest. */
static const char *
log_text(const char *line, size_t n, char *level)
{
	static const char *const levels[] = { " ERROR ", " FATAL ", " WARNING " };

	*level = 0;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		const char *at = memmem(line, n, levels[i], strlen(levels[i]));

		if (at != NULL) {
			*level = levels[i][1];
			return at + strlen(levels[i]);
		}
	}
	return line;
}

/* place_read finds "(DIR/ini:LINE)" at the end of a line, and what it is in the original. */
static bool
place_read(const struct tw_lint *lint, const char *dir, const char *text, struct tw_place *at)
{
	const char *file = strstr(text, dir), *colon;
	size_t index = 0;

	if (file == NULL)
		return false;
	file += strlen(dir) + 1;
	colon = strchr(file, ':');
	if (colon == NULL)
		return false;
	if (*file == 'i' && file[1] >= '0' && file[1] <= '9')
		index = strtoul(file + 1, NULL, 10);
	if (index >= lint->ini.n_files)
		return false;
	*at = (struct tw_place){ (int)strtol(colon + 1, NULL, 10), 1, lint->ini.file[index].name };
	return true;
}

/* setting_there is the entry of [pgbouncer] on that line, or NULL: only those may be repeated. */
static const struct tw_ini_entry *
setting_there(const struct tw_lint *lint, struct tw_place at)
{
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (entry->key_at.line == at.line && entry->key_at.file == at.file &&
		    tw_ini_in(&lint->ini, entry, "pgbouncer"))
			return entry;
	}
	return NULL;
}

/* refusal reports a refused start: where, and as much of why as may be said. */
static bool
refusal(const struct tw_lint *lint, const char *dir, const char *first, const char *placed,
        struct tw_findings *f, struct tw_err *e)
{
	struct tw_place at = { 1, 1, NULL };
	bool place = placed != NULL && place_read(lint, dir, placed, &at);
	const struct tw_ini_entry *entry = place ? setting_there(lint, at) : NULL;
	const char *why = first != NULL ? first : "it says nothing";
	bool lines = place && entry == NULL;

	/* "invalid value" may be a line; "syntax error in connection string" is safe up to its end.
	 */
	if (lines && strncmp(why, "syntax error", 12) != 0)
		why = "it does not take this line";
	return tw_finding_add(f, entry != NULL ? entry->key_at : at, TW_REFUSED, "boot-refused",
	                      "correct it before PgBouncer is started or reloaded", e,
	                      "this PgBouncer does not start: %.*s", (int)strcspn(why, "\n"), why);
}

/* worth tells whether a warning is about the configuration, not about our own doing. */
static bool
worth(const char *text)
{
	static const char *const noise[] = { "pooler error:", "SIGQUIT", "fast exit",
		                             "closing because" };

	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		const char *at = strstr(text, noise[i]);

		if (at != NULL && at < text + strcspn(text, "\n"))
			return false;
	}
	return true;
}

/* warning reports a line of a started PgBouncer, but for one that may quote [databases]. */
static bool
warning(const struct tw_lint *lint, const char *dir, const char *text, struct tw_findings *f,
        struct tw_err *e)
{
	int n = (int)strcspn(text, "\n");
	char own[400];
	struct tw_place at = { 1, 1, NULL };

	snprintf(own, sizeof(own), "%.*s", n, text);
	tw_scrub_text(own, sizeof(own));
	if (place_read(lint, dir, own, &at) && setting_there(lint, at) == NULL)
		return tw_finding_add(
		    f, at, TW_WARNING, "boot-log", "correct the line", e,
		    "this PgBouncer does not take the line, and starts without it");
	if (strncmp(own, "unrecognized", 12) == 0 || strncmp(own, "invalid", 7) == 0 ||
	    strncmp(own, "syntax error in connection", 26) == 0)
		return true; /* the line that names the place follows */
	return tw_finding_add(f, at, TW_WARNING, "boot-log", "see the other findings", e,
	                      "this PgBouncer says at its start: %s", own);
}

bool
tw_boot_log(const struct tw_lint *lint, const char *dir, const char *log, bool started,
            struct tw_findings *f, struct tw_err *e)
{
	const char *first = NULL, *placed = NULL;
	int lines = 0;
	bool ok = true;

	for (const char *line = log; ok && *line != '\0';) {
		size_t n = strcspn(line, "\n");
		char level;
		const char *text = log_text(line, n, &level);

		if (level != 0 && first == NULL)
			first = text;
		if (level != 0 && placed == NULL && memmem(line, n, dir, strlen(dir)) != NULL)
			placed = text;
		if (started && level != 0 && worth(text) && lines++ < LINES_MAX)
			ok = warning(lint, dir, text, f, e);
		line += n + (line[n] == '\n');
	}
	return ok && (started || refusal(lint, dir, first, placed, f, e));
}
