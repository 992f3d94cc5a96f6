/* SPDX-License-Identifier: ISC */
/* size_site.c: what site.json says of pools and their limits, as PgBouncer takes it. */
#include "pg/lookup.h"
#include "render/rendervalue.h"
#include "size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all steps need. */
struct reader {
	const json_t *root;
	int version;
	struct tw_err *e;
};

/*
 * number_read reads a key of one element ("databases[0]", "pgbouncer") into `out`, which is left
 * alone where the element does not have it. False with an error where its value is unfit.
 */
static bool
number_read(const struct reader *r, enum tw_key_scope scope, const json_t *object,
            const char *element, const char *key, struct tw_size_setting *out)
{
	const json_t *v = json_object_get(object, key);
	char place[sizeof(out->place)];
	json_t *text;
	double number;

	if (v == NULL)
		return true;
	snprintf(place, sizeof(place), "%s.%s", element, key);
	if (!tw_key_check(scope, key, r->version, r->e))
		return tw_context(r->e, "%s", place);
	text = tw_render_value(tw_key_find(scope, key), scope, v, place, r->e);
	if (text == NULL)
		return r->e->msg[0] == '\0' ? tw_fail(r->e, EX_OSERR, "out of memory") : false;
	/* A timeout may have a fraction, and none of it is nothing. */
	number = strtod(json_string_value(text), NULL);
	json_decref(text);
	if (number > INT_MAX)
		return tw_fail(r->e, EX_CONFIG, "%s: larger than %d", place, INT_MAX);
	out->value = number > 0 && number < 1 ? 1 : (long)number;
	memcpy(out->place, place, sizeof(place));
	return true;
}

/* global_read is number_read of section pgbouncer, with a value for where the key is absent. */
static bool
global_read(const struct reader *r, const char *key, long absent, struct tw_size_setting *out)
{
	out->value = absent;
	snprintf(out->place, sizeof(out->place), "pgbouncer.%s", key);
	return number_read(r, TW_KEY_GLOBAL, json_object_get(r->root, "pgbouncer"), "pgbouncer",
	                   key, out);
}

/*
 * limit_read reads a limit that an element may set for itself. 0 is none there: PgBouncer then
 * takes the global one (src/server.c, database_max_connections), of which 0 is unlimited.
 */
static bool
limit_read(const struct reader *r, enum tw_key_scope scope, const json_t *object,
           const char *element, const char *key, struct tw_size_setting *out)
{
	struct tw_size_setting own = { 0 };

	if (!global_read(r, key, 0, out) || !number_read(r, scope, object, element, key, &own))
		return false;
	if (own.value > 0)
		*out = own;
	if (out->value == 0)
		out->value = TW_SIZE_UNLIMITED;
	return true;
}

/* pool_read reads one pool: what the user sets wins over the database, this over the rest. */
static bool
pool_read(const struct reader *r, const json_t *database, const char *at_database,
          const json_t *user, const char *at_user, struct tw_size_pool *p)
{
	struct tw_size_setting timeout;

	if (!global_read(r, "default_pool_size", 0, &p->size) ||
	    !number_read(r, TW_KEY_DATABASE, database, at_database, "pool_size", &p->size) ||
	    !number_read(r, TW_KEY_USER, user, at_user, "pool_size", &p->size) ||
	    !global_read(r, "reserve_pool_size", 0, &p->reserve) ||
	    !number_read(r, TW_KEY_DATABASE, database, at_database, "reserve_pool", &p->reserve) ||
	    !number_read(r, TW_KEY_DATABASE, database, at_database, "reserve_pool_size",
	                 &p->reserve) ||
	    !number_read(r, TW_KEY_USER, user, at_user, "reserve_pool_size", &p->reserve) ||
	    !global_read(r, "reserve_pool_timeout", 5, &timeout))
		return false;
	if (timeout.value == 0)
		p->reserve.value = 0; /* never used */
	if (p->size.value == 0 && (r->version == 0 || r->version >= TW_PGBOUNCER(1, 24, 0)))
		p->size.value = TW_SIZE_UNLIMITED;
	return true;
}

bool
tw_size_local(const char *host)
{
	return *host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
	       strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

/* Two names of this host are one server: PostgreSQL takes its port at the socket and TCP alike. */
size_t
tw_size_find(const struct tw_size *s, const char *host, long port)
{
	size_t i = 0;

	while (i < s->servers && (s->server[i].port != port ||
	                          !(strcmp(s->server[i].host, host) == 0 ||
	                            (tw_size_local(s->server[i].host) && tw_size_local(host)))))
		i++;
	return i;
}

/* server_add finds or makes the server of a database. */
static bool
server_add(const struct reader *r, const json_t *database, const char *element, struct tw_size *s,
           size_t *index)
{
	const json_t *postgres = json_object_get(r->root, "postgres");
	const char *host = json_string_value(json_object_get(database, "host"));
	long port = (long)json_integer_value(json_object_get(database, "port"));
	struct tw_size_server *server;

	if (*host == '\0')
		host = json_string_value(json_object_get(postgres, "host"));
	if (*host == '\0')
		return tw_fail(r->e, EX_CONFIG, "postgres.host: is empty");
	if (port == 0)
		port = (long)json_integer_value(json_object_get(postgres, "port"));
	*index = tw_size_find(s, host, port);
	if (*index < s->servers)
		return true;
	server = &s->server[s->servers];
	if (strlen(host) >= sizeof(server->host))
		return tw_fail(r->e, EX_CONFIG, "%s.host: longer than %zu bytes", element,
		               sizeof(server->host) - 1);
	*server = (struct tw_size_server){ .port = port,
		                           .max_connections = TW_SIZE_UNKNOWN,
		                           .superuser_reserved = TW_SIZE_UNKNOWN,
		                           .reserved = TW_SIZE_UNKNOWN,
		                           .usable = TW_SIZE_UNKNOWN,
		                           .others = TW_SIZE_UNKNOWN,
		                           .direct = TW_SIZE_UNKNOWN,
		                           .pooled = TW_SIZE_UNKNOWN };
	snprintf(server->host, sizeof(server->host), "%s", host);
	server->role = calloc(s->users, sizeof(*server->role));
	if (server->role == NULL)
		return tw_fail(r->e, EX_OSERR, "out of memory");
	for (size_t i = 0; i < s->users; i++)
		server->role[i].connection_limit = TW_SIZE_UNLIMITED;
	s->servers++;
	return true;
}

/* users_read reads users[]. */
static bool
users_read(const struct reader *r, struct tw_size *s)
{
	const json_t *user;
	char element[32], place[48];
	size_t i;

	json_array_foreach (json_object_get(r->root, "users"), i, user) {
		s->user[i].name = json_string_value(json_object_get(user, "name"));
		snprintf(element, sizeof(element), "users[%zu]", i);
		snprintf(place, sizeof(place), "%s.name", element);
		if (!tw_render_user_check(s->user[i].name, r->version > 0 ? r->version : INT_MAX,
		                          place, r->e) ||
		    !limit_read(r, TW_KEY_USER, user, element, "max_user_connections",
		                &s->user[i].max_user_connections))
			return false;
		s->users++;
	}
	return true;
}

/* database_read reads one of databases[]: its place, its limit and its pools. */
static bool
database_read(const struct reader *r, const json_t *database, size_t index, struct tw_size *s)
{
	struct tw_size_database *d = &s->database[index];
	const char *dbname = json_string_value(json_object_get(database, "dbname"));
	const json_t *user;
	char element[32], at_user[32], place[48];
	bool ok;
	size_t i;

	snprintf(element, sizeof(element), "databases[%zu]", index);
	snprintf(place, sizeof(place), "%s.name", element);
	d->name = json_string_value(json_object_get(database, "name"));
	d->dbname = *dbname != '\0' ? dbname : d->name;
	d->index = index;
	d->connection_limit = TW_SIZE_UNLIMITED;
	d->pool = calloc(s->users, sizeof(*d->pool));
	s->databases++;
	if (d->pool == NULL)
		return tw_fail(r->e, EX_OSERR, "out of memory");
	ok = tw_render_database_check(d->name, place, r->e) &&
	     server_add(r, database, element, s, &d->server) &&
	     limit_read(r, TW_KEY_DATABASE, database, element, "max_db_connections",
	                &d->max_db_connections);
	json_array_foreach (json_object_get(r->root, "users"), i, user) {
		snprintf(at_user, sizeof(at_user), "users[%zu]", i);
		ok = ok && pool_read(r, database, element, user, at_user, &d->pool[i]);
	}
	return ok;
}

bool
tw_size_site(const struct tw_site *site, int version, struct tw_size *s, struct tw_err *e)
{
	const struct reader r = { site->root, version, e };
	const json_t *databases = json_object_get(site->root, "databases"), *database;
	struct tw_size_setting reuseport;
	struct tw_size own = { .version = version,
		               .bots = (long)tw_site_integer(site, "validate.bots"),
		               .max_client_conn = (long)tw_site_integer(
				   site, "pgbouncer.max_client_conn") };
	size_t i, users = json_array_size(json_object_get(site->root, "users"));
	bool ok;

	own.user = calloc(users + 1, sizeof(*own.user));
	own.database = calloc(json_array_size(databases) + 1, sizeof(*own.database));
	own.server = calloc(json_array_size(databases) + 1, sizeof(*own.server));
	ok = own.user != NULL && own.database != NULL && own.server != NULL;
	ok = (ok || tw_fail(e, EX_OSERR, "out of memory")) && users_read(&r, &own) &&
	     global_read(&r, "so_reuseport", 0, &reuseport);
	json_array_foreach (databases, i, database)
		ok = ok && database_read(&r, database, i, &own);
	if (!ok) {
		tw_size_free(&own);
		return e->exit == EX_CONFIG ? tw_context(e, "%s", site->path) : false;
	}
	own.so_reuseport = reuseport.value != 0;
	own.lookup = tw_site_queried(site) ? TW_LOOKUP_CONNECTIONS + TW_PROBE_CONNECTIONS : 0;
	*s = own;
	return true;
}
