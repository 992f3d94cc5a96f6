/* SPDX-License-Identifier: ISC */
/* size_json.c: the report for scripts. What is not known, or has no limit, is null. */
#include "size_report.h"

#include <stdio.h>

/* number is a number, null where there is none. */
static json_t *
number(long n)
{
	return n == TW_SIZE_UNLIMITED || n == TW_SIZE_UNKNOWN ? json_null() : json_integer(n);
}

/* text is a string; a host's name or an error need not be UTF-8. */
static json_t *
text(const char *s)
{
	json_t *json = *s != '\0' ? json_string(s) : json_null();

	return json != NULL ? json : json_string("(not UTF-8)");
}

/* pools_json is the list of a database's pools. */
static json_t *
pools_json(const struct tw_size *s, const struct tw_size_database *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->users; i++)
		json_array_append_new(
		    list,
		    json_pack("{ss so ss sI ss so}", "user", s->user[i].name, "pool_size",
		              number(d->pool[i].size.value), "pool_size_key", d->pool[i].size.place,
		              "reserve_pool_size", (json_int_t)d->pool[i].reserve.value,
		              "reserve_pool_size_key", d->pool[i].reserve.place, "connections",
		              number(d->pool[i].most)));
	return list;
}

/* databases_json is the list of the databases of one server. */
static json_t *
databases_json(const struct tw_size *s, size_t server)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->databases; i++) {
		const struct tw_size_database *d = &s->database[i];

		if (d->server == server)
			json_array_append_new(
			    list,
			    json_pack("{ss ss so so so so}", "name", d->name, "dbname", d->dbname,
			              "max_db_connections", number(d->max_db_connections.value),
			              "connection_limit", number(d->connection_limit), "pools",
			              pools_json(s, d), "connections", number(d->most)));
	}
	return list;
}

/* users_json is the list of the users as one server knows them. */
static json_t *
users_json(const struct tw_size *s, const struct tw_size_server *server)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->users; i++) {
		const struct tw_size_role *role = &server->role[i];

		json_array_append_new(
		    list,
		    json_pack("{ss so so so so}", "name", s->user[i].name, "max_user_connections",
		              number(s->user[i].max_user_connections.value), "connection_limit",
		              number(role->connection_limit), "superuser",
		              server->asked ? json_boolean(role->superuser) : json_null(),
		              "connections", number(role->most)));
	}
	return list;
}

/* states_json is an object of the three moments. */
static json_t *
states_json(const struct tw_size_server *server)
{
	json_t *states = json_object();

	for (enum tw_size_moment i = 0; i < TW_SIZE_MOMENTS; i++)
		json_object_set_new(states, tw_size_moment_word(i),
		                    json_pack("{ss so}", "status",
		                              tw_size_word(server->state[i].status), "connections",
		                              number(server->state[i].connections)));
	return states;
}

/* advice_json is what to change, null where nothing is advised. */
static json_t *
advice_json(const struct tw_size *s, size_t server, struct tw_err *e)
{
	struct tw_size_advice a = TW_SIZE_ADVICE_INIT;
	json_t *list, *advice = NULL;

	if (!tw_size_advise(s, server, &a, e))
		return NULL;
	list = json_array();
	for (size_t i = 0; i < a.n; i++)
		json_array_append_new(list, json_pack("{ss so sI}", "key", a.change[i].place, "now",
		                                      number(a.change[i].now), "value",
		                                      (json_int_t)a.change[i].value));
	if (a.change == NULL) {
		json_decref(list);
		advice = json_null();
	} else {
		advice = json_pack("{so so}", "site", list, "max_connections",
		                   number(a.max_connections));
	}
	tw_size_advice_free(&a);
	return advice;
}

/* server_json is one server. */
static json_t *
server_json(const struct tw_size *s, size_t index, struct tw_err *e)
{
	const struct tw_size_server *server = &s->server[index];
	json_t *advice = advice_json(s, index, e);

	if (advice == NULL)
		return NULL;
	return json_pack("{so sI ss so so so so so s{so so so so} sb so so so so so}", "host",
	                 text(server->host), "port", (json_int_t)server->port, "status",
	                 tw_size_word(server->state[TW_SIZE_AFTER].status), "error",
	                 text(server->error), "max_connections", number(server->max_connections),
	                 "superuser_reserved_connections", number(server->superuser_reserved),
	                 "reserved_connections", number(server->reserved), "usable_connections",
	                 number(server->usable), "connections", "others", number(server->others),
	                 "others_reckoned", number(server->others_reckoned), "direct",
	                 number(server->direct), "pooled", number(server->pooled), "bounded",
	                 server->most != TW_SIZE_UNLIMITED, "pool_connections",
	                 number(server->most), "databases", databases_json(s, index), "users",
	                 users_json(s, server), "states", states_json(server), "advice", advice);
}

bool
tw_size_json(const struct tw_size *s, json_t *report, struct tw_err *e)
{
	json_t *servers = json_array(), *rest;
	bool ok = servers != NULL;
	char version[32];

	for (size_t i = 0; ok && i < s->servers; i++)
		ok = json_array_append_new(servers, server_json(s, i, e)) == 0;
	snprintf(version, sizeof(version), "%d.%d.%d", s->version / 10000, s->version / 100 % 100,
	         s->version % 100);
	rest = json_pack("{so so sI s{sI sI sI}}", "pgbouncer_version",
	                 s->version > 0 ? json_string(version) : json_null(), "servers", servers,
	                 "bots", (json_int_t)s->bots, "descriptors", "pooler",
	                 (json_int_t)s->descriptors, "pooler_limit",
	                 (json_int_t)s->descriptors_limit, "server",
	                 (json_int_t)s->descriptors_server);
	ok = ok && rest != NULL && json_object_update(report, rest) == 0;
	json_decref(rest);
	return ok || (e->exit == 0 && tw_fail(e, EX_OSERR, "out of memory"));
}
