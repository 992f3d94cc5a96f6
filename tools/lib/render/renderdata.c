/* SPDX-License-Identifier: ISC */
/* renderdata.c: the site as the data of the templates. Every refusal names the key's place. */
#include "base/file.h"
#include "pg/lookup.h"
#include "render.h"
#include "rendervalue.h"
#include "site/database.h"
#include "tmpl.h"

#include <string.h>

#define PLACE_SIZE 256

/* sun_path of sockaddr_un has 108 bytes, and PgBouncer cuts a longer name without a word. */
enum { SOCKET_PATH_MAX = 107 };

/* What all steps need. `data` is what they fill. */
struct maker {
	const json_t *site;
	bool queried; /* no secret is kept: the pooler looks them up */
	json_t *secrets;
	const char *ini; /* the template of pgbouncer.ini, n bytes */
	size_t n;
	int version;
	json_t *data;
	struct tw_err *e;
};

/* memory says that there is none; always false. */
static bool
memory(struct tw_err *e)
{
	return tw_fail(e, EX_OSERR, "out of memory");
}

/* put sets a key to `value`, whose reference it takes; false with an error where it is NULL. */
static bool
put(json_t *object, const char *key, json_t *value, struct tw_err *e)
{
	if (json_object_set_new(object, key, value) == 0)
		return true;
	return e->msg[0] != '\0' ? false : memory(e);
}

/* append adds `value`, whose reference it takes, to a list. */
static bool
append(json_t *list, json_t *value, struct tw_err *e)
{
	return json_array_append_new(list, value) == 0 || memory(e);
}

/* setting_add adds { key, value } to a list of settings. */
static bool
setting_add(json_t *list, const char *key, json_t *value, struct tw_err *e)
{
	json_t *setting = value != NULL ? json_pack("{ss so}", "key", key, "value", value) : NULL;

	if (setting != NULL)
		return append(list, setting, e);
	return e->msg[0] != '\0' ? false : memory(e);
}

/* key_own tells whether a key of databases[] or users[] has a hole of its own. */
static bool
key_own(const char *key)
{
	static const char *const own[] = { "name", "host", "port", "dbname", NULL };
	const char *const *k = own;

	while (*k != NULL && strcmp(*k, key) != 0)
		k++;
	return *k != NULL;
}

/* settings_add adds the settings of one element, databases[2] for example, to `to`. */
static bool
settings_add(const struct maker *m, enum tw_key_scope scope, json_t *from, const char *element,
             json_t *to)
{
	json_t *list = json_array(), *v;
	const char *key;
	char place[PLACE_SIZE];

	if (!put(to, "settings", list, m->e))
		return false;
	json_object_foreach (from, key, v) {
		if (key_own(key))
			continue;
		snprintf(place, sizeof(place), "%s.%s", element, key);
		if (!tw_key_check(scope, key, m->version, m->e))
			return tw_context(m->e, "%s", place);
		v = tw_render_value(tw_key_find(scope, key), scope, v, place, m->e);
		if (!setting_add(list, key, v, m->e))
			return false;
	}
	return true;
}

/* globals_add puts the keys of section pgbouncer where the template has them, or in a list. */
static bool
globals_add(const struct maker *m)
{
	json_t *list = json_array(), *v;
	const char *key;
	char place[PLACE_SIZE];
	bool ok = put(m->data, "settings", list, m->e);

	json_object_foreach (json_object_get(m->site, "pgbouncer"), key, v) {
		if (!ok)
			break;
		snprintf(place, sizeof(place), "pgbouncer.%s", key);
		if (!tw_key_check(TW_KEY_GLOBAL, key, m->version, m->e))
			return tw_context(m->e, "%s", place);
		v = tw_render_value(tw_key_find(TW_KEY_GLOBAL, key), TW_KEY_GLOBAL, v, place, m->e);
		ok = tw_tmpl_has(m->ini, m->n, key) ? put(m->data, key, v, m->e)
		                                    : setting_add(list, key, v, m->e);
	}
	return ok;
}

/* logs_add puts the log of a pooler whose service manager keeps none: a list of one or none. */
static bool
logs_add(const struct maker *m)
{
	const char *manager = json_string_value(json_object_get(m->site, "service_manager"));
	json_t *list = strcmp(manager, "systemd") == 0
	                   ? json_pack("[{ss}]", "logfile", "/var/log/pgbouncer/pgbouncer.log")
	                   : json_array();

	return put(m->data, "logs", list, m->e);
}

/* paths_add puts our own files and the socket's directory, below the root. */
static bool
paths_add(const struct maker *m)
{
	const char *root = tw_root();
	const json_t *port = json_object_get(json_object_get(m->site, "pgbouncer"), "listen_port");
	int n = snprintf(NULL, 0, "%s/run/pgbouncer/.s.PGSQL.%lld", root, json_integer_value(port));

	if (n > SOCKET_PATH_MAX)
		return tw_fail(
		    m->e, EX_CONFIG,
		    "the socket %s/run/pgbouncer/.s.PGSQL.%lld: its path is longer than %d "
		    "bytes",
		    root, json_integer_value(port), SOCKET_PATH_MAX);
	return put(m->data, "auth_file", json_sprintf("%s/etc/pgbouncer/twpool/userlist.txt", root),
	           m->e) &&
	       put(m->data, "auth_hba_file", json_sprintf("%s/etc/pgbouncer/twpool/hba.conf", root),
	           m->e) &&
	       put(m->data, "unix_socket_dir", json_sprintf("%s/run/pgbouncer", root), m->e);
}

/*
 * database_lookup_add: before PgBouncer 1.15 a global auth_user holds only for the databases behind
 * it, and [databases] comes first.
 */
static bool
database_lookup_add(const struct maker *m, json_t *to)
{
	return !m->queried || m->version >= TW_PGBOUNCER(1, 15, 0) ||
	       setting_add(json_object_get(to, "settings"), "auth_user",
	                   json_string(TW_LOOKUP_ROLE), m->e);
}

/* role_limit appends the most server connections of one of our own roles. */
static bool
role_limit(const struct maker *m, json_t *limited, const char *role, int most)
{
	return append(limited,
	              json_pack("{ss s[{ss so}]}", "key", role, "settings", "key",
	                        "max_user_connections", "value", json_sprintf("%d", most)),
	              m->e);
}

/*
 * lookup_add puts the lookup with the probe's role, a list of one or none, and the limits of both roles
 * among `limited`.
 */
static bool
lookup_add(const struct maker *m, json_t *limited)
{
	json_t *list = json_array();

	if (!put(m->data, "lookups", list, m->e) || !m->queried)
		return m->e->msg[0] == '\0';
	return append(list,
	              json_pack("{ss ss ss}", "auth_user", TW_LOOKUP_ROLE, "auth_query",
	                        TW_LOOKUP_QUERY, "probe", TW_PROBE_ROLE),
	              m->e) &&
	       role_limit(m, limited, TW_LOOKUP_ROLE, TW_LOOKUP_CONNECTIONS) &&
	       role_limit(m, limited, TW_PROBE_ROLE, TW_PROBE_CONNECTIONS);
}

/* database_add appends one database: its own values, or PostgreSQL's where it has none. */
static bool
database_add(const struct maker *m, json_t *list, json_t *from, size_t index)
{
	struct tw_database d;
	json_t *to = json_object();
	char element[32], place[PLACE_SIZE];

	snprintf(element, sizeof(element), "databases[%zu]", index);
	snprintf(place, sizeof(place), "%s.name", element);
	tw_database_read(m->site, from, &d);
	if (*d.host == '\0')
		tw_fail(m->e, EX_CONFIG, "postgres.host: is empty");
	return append(list, to, m->e) && *d.host != '\0' &&
	       tw_render_database_check(d.name, place, m->e) &&
	       put(to, "key", tw_render_key(d.name, m->version, place, m->e), m->e) &&
	       put(to, "database", json_string(d.name), m->e) &&
	       put(to, "host", json_string(d.host), m->e) &&
	       put(to, "port", json_sprintf("%lld", d.port), m->e) &&
	       put(to, "dbname", json_string(d.dbname), m->e) &&
	       settings_add(m, TW_KEY_DATABASE, from, element, to) && database_lookup_add(m, to);
}

/* secret_add puts the user's secret, where secrets are kept, and the user among `stored`. */
static bool
secret_add(const struct maker *m, const char *name, const char *place, json_t *to, json_t *stored)
{
	json_t *secret = json_object_get(m->secrets, name);

	if (m->queried)
		return true;
	if (secret == NULL) {
		tw_fail(m->e, EX_CONFIG, "%s: no secret came for the role '%s'", place, name);
		return tw_hint(m->e,
		               "twpool-auth export --site FILE | twpool-render --secrets 0 ...");
	}
	return tw_render_secret_check(json_string_length(secret), m->version, place, m->e) &&
	       put(to, "secret", json_incref(secret), m->e) &&
	       append(stored, json_incref(to), m->e);
}

/* user_add appends one user, also to those with a secret, and with settings where it has some. */
static bool
user_add(const struct maker *m, json_t *list, json_t *stored, json_t *limited, json_t *from,
         size_t index)
{
	const char *name = json_string_value(json_object_get(from, "name"));
	json_t *to = json_object();
	char element[32], place[PLACE_SIZE];

	snprintf(element, sizeof(element), "users[%zu]", index);
	snprintf(place, sizeof(place), "%s.name", element);
	if (!append(list, to, m->e) || !tw_render_user_check(name, m->version, place, m->e) ||
	    !put(to, "user", json_string(name), m->e) || !secret_add(m, name, place, to, stored) ||
	    !settings_add(m, TW_KEY_USER, from, element, to))
		return false;
	if (json_array_size(json_object_get(to, "settings")) == 0)
		return true;
	return put(to, "key", tw_render_key(name, m->version, place, m->e), m->e) &&
	       append(limited, json_incref(to), m->e);
}

/* lists_add puts the databases, the users and the addresses. */
static bool
lists_add(const struct maker *m)
{
	json_t *databases = json_array(), *users = json_array(), *limited = json_array();
	json_t *addresses = json_array(), *stored = json_array(), *item;
	bool ok = put(m->data, "databases", databases, m->e);
	char place[PLACE_SIZE];
	size_t i;

	ok = put(m->data, "users", users, m->e) && ok;
	ok = put(m->data, "stored_users", stored, m->e) && ok;
	ok = put(m->data, "limited_users", limited, m->e) && ok;
	ok = put(m->data, "addresses", addresses, m->e) && ok;
	ok = ok && lookup_add(m, limited);
	json_array_foreach (json_object_get(m->site, "databases"), i, item)
		ok = ok && database_add(m, databases, item, i);
	json_array_foreach (json_object_get(m->site, "users"), i, item)
		ok = ok && user_add(m, users, stored, limited, item, i);
	json_array_foreach (json_object_get(json_object_get(m->site, "auth"), "addresses"), i,
	                    item) {
		snprintf(place, sizeof(place), "auth.addresses[%zu]", i);
		ok = ok && tw_render_address_check(json_string_value(item), place, m->e) &&
		     append(addresses, json_pack("{sO}", "address", item), m->e);
	}
	return ok;
}

/* secrets_check refuses a role that the site does not have: a secret nobody asked for. */
static bool
secrets_check(const struct maker *m)
{
	const json_t *users = json_object_get(m->site, "users");
	const char *role;
	json_t *secret, *user;
	size_t i;

	json_object_foreach (m->secrets, role, secret) {
		bool found = false;

		json_array_foreach (users, i, user)
			found = found || tw_json_is(user, "name", role);
		if (found && m->queried)
			return tw_fail(m->e, EX_DATAERR,
			               "secrets: none is kept where auth.method is \"query\", and "
			               "one came for the role '%s'",
			               role);
		if (!found)
			return tw_fail(m->e, EX_DATAERR,
			               "secrets: the role '%s' is not among users[] of "
			               "the site",
			               role);
	}
	return true;
}

json_t *
tw_render_data(const struct tw_site *site, json_t *secrets, const char *ini, size_t n, int version,
               struct tw_err *e)
{
	struct maker m = { site->root, tw_site_queried(site), secrets, ini, n, version, json_object(), e };

	if (m.data == NULL) {
		memory(e);
		return NULL;
	}
	if (paths_add(&m) && logs_add(&m) && globals_add(&m) && lists_add(&m) && secrets_check(&m))
		return m.data;
	json_decref(m.data);
	if (e->exit == EX_CONFIG)
		tw_context(e, "%s", site->path);
	return NULL;
}
