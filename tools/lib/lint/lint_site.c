/* SPDX-License-Identifier: ISC */
/*
 * lint_site.c: a site as the file that it would become, as far as it gives the values: for
 * tw_lint_live, which holds a file against the running PgBouncer.
 */
#include "lint.h"
#include "render/encode.h"
#include "render/rendervalue.h"
#include "site/database.h"
#include "site/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATABASES, PGBOUNCER, SECTIONS };

/* entry_add appends key = value. */
static bool
entry_add(struct tw_ini *ini, size_t section, const char *key, const char *value, struct tw_err *e)
{
	struct tw_ini_entry entry = { .section = section };

	entry.key = strdup(key);
	entry.value = strdup(value);
	return tw_ini_add(ini, entry, e);
}

/* sections_add makes the two sections. */
static bool
sections_add(struct tw_ini *ini, struct tw_err *e)
{
	static const char *const names[SECTIONS] = { "databases", "pgbouncer" };

	for (size_t i = 0; i < SECTIONS; i++) {
		if (!tw_ini_open(ini, names[i], strlen(names[i]), (struct tw_place){ 0, 0, NULL },
		                 e))
			return false;
	}
	return true;
}

/* pair_add appends key='value' to a line of [databases]. */
static bool
pair_add(struct tw_buf *line, const char *key, const char *value, struct tw_err *e)
{
	return tw_buf_printf(line, e, "%s%s='", line->len > 0 ? " " : "", key) &&
	       tw_encode("conn", value, line, e) && tw_buf_puts(line, "'", e);
}

/* settings_add appends the further keys of an element of databases[] to its line. */
static bool
settings_add(const json_t *element, const char *place, struct tw_buf *line, struct tw_err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)element, key, v) {
		const struct tw_key *k = tw_key_find(TW_KEY_DATABASE, key);
		json_t *text;
		bool ok;

		/* The name, and what tw_database_read has read. */
		if (k == NULL || strcmp(key, "host") == 0 || strcmp(key, "port") == 0 ||
		    strcmp(key, "dbname") == 0)
			continue;
		text = tw_render_value(k, TW_KEY_DATABASE, v, place, e);
		ok = text != NULL && pair_add(line, key, json_string_value(text), e);
		json_decref(text);
		if (!ok)
			return tw_context(e, "%s", key);
	}
	return true;
}

/* database_add makes the line of one element of databases[]. */
static bool
database_add(const struct tw_site *site, const json_t *element, struct tw_ini *ini,
             struct tw_err *e)
{
	struct tw_buf line = TW_BUF_INIT;
	struct tw_database d;
	char port[24];
	bool ok;

	tw_database_read(site->root, element, &d);
	snprintf(port, sizeof(port), "%lld", d.port);
	ok = pair_add(&line, "host", d.host, e) && pair_add(&line, "port", port, e) &&
	     pair_add(&line, "dbname", d.dbname, e) && settings_add(element, d.name, &line, e) &&
	     entry_add(ini, DATABASES, d.name, tw_buf_text(&line), e);
	tw_buf_free(&line);
	return ok;
}

/* globals_add makes a line of each key of section pgbouncer. */
static bool
globals_add(const struct tw_site *site, struct tw_ini *ini, struct tw_err *e)
{
	const char *key;
	bool ok = true;
	json_t *v;

	json_object_foreach (json_object_get(site->root, "pgbouncer"), key, v) {
		json_t *text = tw_render_value(tw_key_find(TW_KEY_GLOBAL, key), TW_KEY_GLOBAL, v,
		                               key, e);

		ok = text != NULL && entry_add(ini, PGBOUNCER, key, json_string_value(text), e);
		json_decref(text);
		if (!ok)
			break;
	}
	return ok;
}

bool
tw_lint_site(const struct tw_site *site, struct tw_lint *lint, struct tw_err *e)
{
	struct tw_ini ini = TW_INI_INIT;
	bool ok = sections_add(&ini, e);
	json_t *element;
	size_t i;

	json_array_foreach (json_object_get(site->root, "databases"), i, element)
		ok = ok && database_add(site, element, &ini, e);
	ok = ok && globals_add(site, &ini, e);
	if (!ok) {
		tw_ini_free(&ini);
		return tw_context(e, "%s", site->path);
	}
	tw_lint_free(lint);
	*lint = (struct tw_lint){ .path = NULL, .what = "the site", .ini = ini };
	return true;
}
