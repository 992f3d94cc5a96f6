/* SPDX-License-Identifier: ISC */
/* site.c: the keys of site.json as a table: type, bounds, default. Checked once, here. */
#include "keys.h"
#include "rules.h"
#include "site.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum field_type { OBJECT, OBJECTS, STRING, STRINGS, INTEGER, NUMBER, BOOLEAN, ARGV_OR_WORD, NAMES };

/* One key. `section` is the path of the object that holds it, "databases[]" for each of a list. */
struct field {
	const char *section;
	const char *key;
	enum field_type type;
	const char *fallback; /* JSON text; NULL: the key is required */
	double min, max;      /* of INTEGER and NUMBER */
	const char *words;    /* of STRING: the only values, "|a|b|"; of ARGV_OR_WORD: the words */
};

static const struct field fields[] = {
	{ "", "$schema", STRING, "\"\"", 0, 0, NULL },
	{ "", "schema", INTEGER, NULL, 1, 1, NULL },
	{ "", "service_manager", STRING, "\"systemd\"", 0, 0, "|systemd|process|" },
	{ "", "adopt", BOOLEAN, "false", 0, 0, NULL },
	{ "", "postgres", OBJECT, "{}", 0, 0, NULL },
	{ "", "databases", OBJECTS, NULL, 0, 0, NULL },
	{ "", "users", OBJECTS, NULL, 0, 0, NULL },
	{ "", "pgbouncer", OBJECT, "{}", 0, 0, NULL },
	{ "", "auth", OBJECT, "{}", 0, 0, NULL },
	{ "", "server", OBJECT, "{}", 0, 0, NULL },
	{ "", "validate", OBJECT, "{}", 0, 0, NULL },
	{ "", "check", OBJECT, "{}", 0, 0, NULL },
	{ "", "process", OBJECT, "{}", 0, 0, NULL },
	{ "postgres", "host", STRING, "\"127.0.0.1\"", 0, 0, NULL },
	{ "postgres", "port", INTEGER, "5432", 1, 65535, NULL },
	{ "postgres", "socket_directory", STRING, "\"/var/run/postgresql\"", 0, 0, NULL },
	{ "postgres", "superuser", STRING, "\"postgres\"", 0, 0, NULL },
	{ "databases[]", "name", STRING, NULL, 0, 0, NULL },
	{ "databases[]", "host", STRING, "\"\"", 0, 0, NULL },
	{ "databases[]", "port", INTEGER, "0", 0, 65535, NULL },
	{ "databases[]", "dbname", STRING, "\"\"", 0, 0, NULL },
	{ "users[]", "name", STRING, NULL, 0, 0, NULL },
	{ "pgbouncer", "listen_addr", STRING, "\"127.0.0.1\"", 0, 0, NULL },
	{ "pgbouncer", "listen_port", INTEGER, "6432", 1, 65535, NULL },
	{ "pgbouncer", "pool_mode", STRING, "\"transaction\"", 0, 0,
	  "|session|transaction|statement|" },
	{ "pgbouncer", "default_pool_size", INTEGER, "25", 0, 100000, NULL },
	{ "pgbouncer", "reserve_pool_size", INTEGER, "5", 0, 100000, NULL },
	{ "pgbouncer", "max_client_conn", INTEGER, "1000", 1, 1000000, NULL },
	{ "pgbouncer", "max_db_connections", INTEGER, "100", 0, 100000, NULL },
	{ "pgbouncer", "ignore_startup_parameters", STRING, "\"extra_float_digits\"", 0, 0, NULL },
	{ "pgbouncer", "server_login_retry", NUMBER, "3", 0, 3600, NULL },
	{ "auth", "method", STRING, "\"userlist\"", 0, 0, "|userlist|query|" },
	{ "auth", "allow_superuser", NAMES, "[]", 0, 0, NULL },
	{ "auth", "superuser_service", STRING, "\"\"", 0, 0, NULL },
	{ "auth", "addresses", STRINGS, "[\"127.0.0.1/32\", \"::1/128\"]", 0, 0, NULL },
	{ "server", "directory", STRING, "\"\"", 0, 0, NULL },
	{ "server", "user", STRING, "\"\"", 0, 0, NULL },
	{ "server", "dsn", STRINGS, "[]", 0, 0, NULL },
	{ "server", "build", STRINGS, "[]", 0, 0, NULL },
	{ "server", "binaries", STRINGS, "[]", 0, 0, NULL },
	{ "server", "unit", STRING, "\"\"", 0, 0, NULL },
	{ "server", "restart", ARGV_OR_WORD, "[]", 0, 0, "|manual|" },
	{ "server", "reconnects", BOOLEAN, "false", 0, 0, NULL },
	{ "server", "listen_port", INTEGER, "0", 0, 65535, NULL },
	{ "server", "start_seconds", INTEGER, "30", 1, 3600, NULL },
	{ "server", "stop_seconds", INTEGER, "30", 1, 3600, NULL },
	{ "server", "build_seconds", INTEGER, "1800", 1, 86400, NULL },
	{ "server", "log", STRING, "\"\"", 0, 0, NULL },
	{ "validate", "bots", INTEGER, "100", 1, 100000, NULL },
	{ "validate", "min_success", NUMBER, "0.99", 0, 1, NULL },
	{ "validate", "max_overhead_ms", NUMBER, "1.0", 0, 10000, NULL },
	{ "validate", "max_server_connections", INTEGER, "0", 0, 100000, NULL },
	{ "validate", "observe_seconds", INTEGER, "60", 0, 86400, NULL },
	{ "validate", "pool_seconds", NUMBER, "5", 0, 3600, NULL },
	{ "validate", "latency_pairs", INTEGER, "2000", 0, 1000000, NULL },
	{ "validate", "tune_sizes", STRING, "\"\"", 0, 0, NULL },
	{ "validate", "direct", BOOLEAN, "false", 0, 0, NULL },
	{ "validate", "freeze_seconds", NUMBER, "15", 1, 3600, NULL },
	{ "validate", "timeout_seconds", INTEGER, "600", 1, 86400, NULL },
	{ "validate", "command", STRINGS, "[]", 0, 0, NULL },
	{ "validate", "success_pattern", STRING, "\"Authentication successful\"", 0, 0, NULL },
	{ "validate", "failure_pattern", STRING,
	  "\"too many clients|remaining connection slots|no more connections allowed\"", 0, 0,
	  NULL },
	{ "check", "schedule", STRING, "\"cron\"", 0, 0, "|cron|timer|" },
	{ "process", "pooler_user", STRING, "\"\"", 0, 0, NULL },
	{ "process", "pooler_binary", STRING, "\"pgbouncer\"", 0, 0, NULL },
	{ "process", "server_command", STRINGS, "[]", 0, 0, NULL },
	{ "process", "server_pidfile", STRING, "\"\"", 0, 0, NULL },
	{ NULL, NULL, STRING, NULL, 0, 0, NULL },
};

/* place_text is "postgres.host", or "databases[2].name" for the second's third element. */
static void
place_text(char *out, size_t size, const char *section, int index, const char *key)
{
	size_t n = strcspn(section, "[");
	const char *dot = *section != '\0' ? "." : "";

	if (index < 0)
		snprintf(out, size, "%.*s%s%s", (int)n, section, dot, key);
	else
		snprintf(out, size, "%.*s[%d]%s%s", (int)n, section, index, dot, key);
}

/* type_text says what a field expects, as an error message does. */
static const char *
type_text(const struct field *f)
{
	static const char *const names[] = {
		[OBJECT] = "an object",      [OBJECTS] = "a list of objects",
		[STRING] = "a string",       [STRINGS] = "a list of strings",
		[INTEGER] = "an integer",    [NUMBER] = "a number",
		[BOOLEAN] = "true or false", [ARGV_OR_WORD] = "a list of strings or \"manual\"",
		[NAMES] = "a list of strings",
	};

	return names[f->type];
}

/* list_is tells whether a JSON list holds only values of one type. */
static bool
list_is(const json_t *list, json_type type)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		if (json_typeof(item) != type)
			return false;
	}
	return true;
}

/* type_matches holds a value against a field's type, without its bounds. */
static bool
type_matches(const struct field *f, const json_t *v)
{
	switch (f->type) {
	case OBJECT:
		return json_is_object(v);
	case OBJECTS:
		return json_is_array(v) && list_is(v, JSON_OBJECT);
	case STRING:
		return json_is_string(v);
	case STRINGS:
		return json_is_array(v) && list_is(v, JSON_STRING);
	case INTEGER:
		return json_is_integer(v);
	case NUMBER:
		return json_is_number(v);
	case BOOLEAN:
		return json_is_boolean(v);
	case ARGV_OR_WORD:
		return json_is_string(v) || (json_is_array(v) && list_is(v, JSON_STRING));
	case NAMES: /* records of 0.2.0 have true and false here */
		return json_is_boolean(v) || (json_is_array(v) && list_is(v, JSON_STRING));
	}
	return false;
}

/* word_listed tells whether `word` is one of "|a|b|". */
static bool
word_listed(const char *words, const char *word)
{
	size_t n = strlen(word);
	const char *at = words;

	while (n > 0 && (at = strstr(at, word)) != NULL) {
		if (at[-1] == '|' && at[n] == '|')
			return true;
		at++;
	}
	return false;
}

/* text_check refuses control bytes: no grammar that a value ends up in can hold them. */
static bool
text_check(const json_t *v, const char *place, struct tw_err *e)
{
	const char *s = json_string_value(v);

	for (size_t i = 0; s != NULL && i < json_string_length(v); i++) {
		if (iscntrl((unsigned char)s[i]))
			return tw_fail(e, EX_CONFIG, "%s: contains the control byte 0x%02x", place,
			               (unsigned char)s[i]);
	}
	return true;
}

/* texts_check is text_check for a string or every string of a list. */
static bool
texts_check(const json_t *v, const char *place, struct tw_err *e)
{
	size_t i;
	json_t *item;

	if (json_is_array(v)) {
		json_array_foreach (v, i, item) {
			if (!text_check(item, place, e))
				return false;
		}
	}
	return text_check(v, place, e);
}

/* field_check holds one value against its row. */
static bool
field_check(const struct field *f, const json_t *v, const char *place, struct tw_err *e)
{
	double n = json_number_value(v);

	if (!type_matches(f, v)) {
		if (json_is_string(v))
			return tw_fail(e, EX_CONFIG, "%s: expected %s, got \"%s\"", place,
			               type_text(f), json_string_value(v));
		return tw_fail(e, EX_CONFIG, "%s: expected %s, got %s", place, type_text(f),
		               tw_json_type(v));
	}
	if ((f->type == INTEGER || f->type == NUMBER) && (n < f->min || n > f->max))
		return tw_fail(e, EX_CONFIG, "%s: expected %.15g to %.15g, got %.15g", place,
		               f->min, f->max, n);
	if (f->words != NULL && json_is_string(v) && !word_listed(f->words, json_string_value(v)))
		return tw_fail(e, EX_CONFIG, "%s: expected one of %.*s, got \"%s\"", place,
		               (int)strlen(f->words) - 2, f->words + 1, json_string_value(v));
	return texts_check(v, place, e);
}

/* field_find is the row of a key in a section, or NULL. */
static const struct field *
field_find(const char *section, const char *key)
{
	for (const struct field *f = fields; f->section != NULL; f++) {
		if (strcmp(f->section, section) == 0 && strcmp(f->key, key) == 0)
			return f;
	}
	return NULL;
}

/*
 * open_check judges a key that our table does not have: the sections that are passed on to
 * PgBouncer take what any of its versions knows, the others take nothing.
 */
static bool
open_check(const char *section, const char *key, const json_t *v, const char *place,
           struct tw_err *e)
{
	enum tw_key_scope scope = TW_KEY_GLOBAL;

	if (strcmp(section, "databases[]") == 0)
		scope = TW_KEY_DATABASE;
	else if (strcmp(section, "users[]") == 0)
		scope = TW_KEY_USER;
	else if (strcmp(section, "pgbouncer") != 0)
		return tw_fail(e, EX_CONFIG, "%s: unknown key", place);
	if (!tw_key_check(scope, key, 0, e))
		return tw_context(e, "%s", place);
	if (json_is_object(v) || json_is_null(v) || (json_is_array(v) && !list_is(v, JSON_STRING)))
		return tw_fail(e, EX_CONFIG,
		               "%s: expected a string, number or list of strings, got %s", place,
		               tw_json_type(v));
	return texts_check(v, place, e);
}

/* object_check checks the keys of one object and adds the defaults; index is -1 outside a list. */
static bool
object_check(json_t *object, const char *section, int index, struct tw_err *e)
{
	const char *key;
	char place[256];
	json_t *v;

	json_object_foreach (object, key, v) {
		const struct field *f = field_find(section, key);

		place_text(place, sizeof(place), section, index, key);
		if (!(f != NULL ? field_check(f, v, place, e)
		                : open_check(section, key, v, place, e)))
			return false;
	}
	for (const struct field *f = fields; f->section != NULL; f++) {
		if (strcmp(f->section, section) != 0 || json_object_get(object, f->key) != NULL)
			continue;
		place_text(place, sizeof(place), section, index, f->key);
		if (f->fallback == NULL)
			return tw_fail(e, EX_CONFIG, "%s: missing", place);
		if (json_object_set_new(object, f->key,
		                        json_loads(f->fallback, JSON_DECODE_ANY, NULL)) != 0)
			return tw_fail(e, EX_OSERR, "out of memory");
	}
	return true;
}

/* list_check checks each object of a list, that there is one, and that no name comes twice. */
static bool
list_check(const json_t *root, const char *key, struct tw_err *e)
{
	const json_t *list = json_object_get(root, key);
	char section[64];
	json_t *item;
	size_t i;

	if (json_array_size(list) == 0)
		return tw_fail(e, EX_CONFIG, "%s: the list is empty", key);
	snprintf(section, sizeof(section), "%s[]", key);
	json_array_foreach (list, i, item) {
		const char *name;

		if (!object_check(item, section, (int)i, e))
			return false;
		name = json_string_value(json_object_get(item, "name"));
		if (*name == '\0')
			return tw_fail(e, EX_CONFIG, "%s[%zu].name: is empty", key, i);
		for (size_t j = 0; j < i; j++) {
			const json_t *other = json_object_get(json_array_get(list, j), "name");

			if (strcmp(json_string_value(other), name) == 0)
				return tw_fail(e, EX_CONFIG, "%s[%zu].name: \"%s\" comes twice",
				               key, i, name);
		}
	}
	return true;
}

/* root_check checks the whole document and completes it. */
static bool
root_check(json_t *root, struct tw_err *e)
{
	if (!json_is_object(root))
		return tw_fail(e, EX_CONFIG, "expected an object, got %s", tw_json_type(root));
	if (!object_check(root, "", -1, e))
		return false;
	for (const struct field *f = fields; f->section != NULL; f++) {
		if (f->type == OBJECT &&
		    !object_check(json_object_get(root, f->key), f->key, -1, e))
			return false;
		if (f->type == OBJECTS && !list_check(root, f->key, e))
			return false;
	}
	return true;
}

bool
tw_site_load(const char *path, struct tw_site *site, struct tw_err *e)
{
	struct tw_site own = TW_SITE_INIT;

	own.root = tw_json_load(path, e);
	if (own.root == NULL)
		return false;
	if (!root_check(own.root, e) || !tw_site_rules_check(own.root, e)) {
		tw_site_free(&own);
		return tw_context(e, "%s", path);
	}
	own.path = realpath(path, NULL);
	if (own.path == NULL) {
		tw_site_free(&own);
		return tw_fail_errno(e, EX_NOINPUT, "'%s'", path);
	}
	*site = own;
	return true;
}

void
tw_site_free(struct tw_site *site)
{
	json_decref(site->root);
	free(site->path);
	*site = (struct tw_site)TW_SITE_INIT;
}

bool
tw_site_queried(const struct tw_site *site)
{
	return strcmp(tw_site_text(site, "auth.method"), "query") == 0;
}

/* site_step follows one word of a path, "name" or "name[3]"; NULL where it leads nowhere. */
static const json_t *
site_step(const json_t *at, const char *word, size_t n)
{
	size_t name = strcspn(word, "[.");
	char key[128], *end;
	unsigned long index;

	if (name >= sizeof(key))
		return NULL;
	memcpy(key, word, name);
	key[name] = '\0';
	at = json_object_get(at, key);
	if (name == n)
		return at;
	index = strtoul(word + name + 1, &end, 10);
	return end == word + n - 1 && *end == ']' ? json_array_get(at, index) : NULL;
}

const json_t *
tw_site_at(const struct tw_site *site, const char *path, struct tw_err *e)
{
	const json_t *at = site->root;
	const char *word = path;

	while (at != NULL && *word != '\0') {
		size_t n = strcspn(word, ".");

		at = site_step(at, word, n);
		word += n + (word[n] == '.');
	}
	if (at == NULL)
		tw_fail(e, EX_USAGE, "'%s': site.json has no such key", path);
	return at;
}

const char *
tw_site_text(const struct tw_site *site, const char *path)
{
	struct tw_err ignored = TW_ERR_INIT;
	const char *text = json_string_value(tw_site_at(site, path, &ignored));

	return text != NULL ? text : "";
}

long long
tw_site_integer(const struct tw_site *site, const char *path)
{
	struct tw_err ignored = TW_ERR_INIT;

	return json_integer_value(tw_site_at(site, path, &ignored));
}
