/* SPDX-License-Identifier: ISC */
/* rules.c: the demands of auth.method "query", one function for each section. */
#include "database.h"
#include "rules.h"

#include <strings.h>
#include <string.h>

/* What the lookup is made of: PgBouncer must ask our function, as our role, and nothing else. */
static const char *const lookup_keys[] = { "auth_user", "auth_query", "auth_dbname" };

/* keys_check refuses the lookup's keys in one object, whose place is `place`. */
static bool
keys_check(const json_t *object, const char *place, struct tw_err *e)
{
	for (size_t i = 0; i < sizeof(lookup_keys) / sizeof(*lookup_keys); i++) {
		if (json_object_get(object, lookup_keys[i]) != NULL)
			return tw_fail(e, EX_CONFIG,
			               "%s.%s: twpool sets this key itself where auth.method is "
			               "\"query\"",
			               place, lookup_keys[i]);
	}
	return true;
}

/*
 * name_check refuses a name that pg_hba.conf cannot hold: since PostgreSQL 16 one that begins with
 * a slash is a regular expression there, in quotes too (src/backend/libpq/hba.c,
 * regcomp_auth_token).
 */
static bool
name_check(const char *name, const char *list, size_t i, const char *key, struct tw_err *e)
{
	return *name != '/' ||
	       tw_fail(e, EX_CONFIG,
	               "%s[%zu].%s: \"%s\" begins with a slash, which pg_hba.conf takes for a "
	               "regular expression",
	               list, i, key, name);
}

/* databases_check: all of them behind the one socket directory that postgres names. */
static bool
databases_check(const json_t *root, struct tw_err *e)
{
	const json_t *postgres = json_object_get(root, "postgres"), *element;
	const char *host = json_string_value(json_object_get(postgres, "host"));
	char place[32];
	size_t i;

	if (*host != '/') {
		tw_fail(e, EX_CONFIG,
		        "postgres.host: \"%s\" is no directory of a socket, which auth.method "
		        "\"query\" needs",
		        host);
		return tw_hint(e, "Set it to what unix_socket_directories of PostgreSQL says, "
		                  "/var/run/postgresql on Debian, or auth.method to "
		                  "\"userlist\".");
	}
	json_array_foreach (json_object_get(root, "databases"), i, element) {
		struct tw_database d;

		tw_database_read(root, element, &d);
		snprintf(place, sizeof(place), "databases[%zu]", i);
		if (strcmp(d.host, host) != 0 ||
		    d.port != json_integer_value(json_object_get(postgres, "port")))
			return tw_fail(e, EX_CONFIG,
			               "%s: is not at postgres.host and .port, where "
			               "auth.method \"query\" looks up secrets",
			               place);
		if (!name_check(d.dbname, "databases", i,
		                d.dbname == d.name ? "name" : "dbname", e) ||
		    !keys_check(element, place, e))
			return false;
	}
	return true;
}

/* users_check: names only; what a role is allowed to be is asked of PostgreSQL. */
static bool
users_check(const json_t *root, struct tw_err *e)
{
	const json_t *user;
	size_t i;

	json_array_foreach (json_object_get(root, "users"), i, user) {
		const char *name = json_string_value(json_object_get(user, "name"));

		if (!name_check(name, "users", i, "name", e))
			return false;
		if (strcmp(name, "twpool_lookup") == 0 || strcmp(name, "twpool_probe") == 0)
			return tw_fail(e, EX_CONFIG,
			               "users[%zu].name: '%s' is twpool's own name", i, name);
	}
	return true;
}

/* tracks_path tells whether a setting, text or a list of texts, has search_path in it. */
static bool
tracks_path(const json_t *v)
{
	const json_t *one;
	size_t i;

	json_array_foreach (v, i, one) {
		if (tracks_path(one))
			return true;
	}
	return json_is_string(v) && strcasestr(json_string_value(v), "search_path") != NULL;
}

bool
tw_site_rules_check(const json_t *root, struct tw_err *e)
{
	const json_t *auth = json_object_get(root, "auth");
	const json_t *pgbouncer = json_object_get(root, "pgbouncer");
	const json_t *allow = json_object_get(auth, "allow_superuser");

	if (strcmp(json_string_value(json_object_get(auth, "method")), "query") != 0)
		return true;
	if (json_array_size(allow) > 0 || json_is_true(allow))
		return tw_fail(e, EX_CONFIG,
		               "auth.allow_superuser: with auth.method \"query\" no superuser's "
		               "secret leaves PostgreSQL");
	/* CVE-2025-12819: the client's search_path must not reach the lookup. */
	if (tracks_path(json_object_get(pgbouncer, "track_extra_parameters")))
		return tw_fail(e, EX_CONFIG,
		               "pgbouncer.track_extra_parameters: search_path would reach the "
		               "lookup of auth.method \"query\"");
	return keys_check(pgbouncer, "pgbouncer", e) && databases_check(root, e) &&
	       users_check(root, e);
}
