/* SPDX-License-Identifier: ISC */
/* renderhost.c: the site as the data of the host's templates: units, logrotate, cron. */
#include "render.h"

#include <string.h>

/* What a pooler needs beside clients and server connections: listeners, the log, libraries; and no
 * fewer than these, so that a small change of the site needs no restart (sizing: section 4.5). */
#define DESCRIPTORS_MORE 100
#define DESCRIPTORS_LEAST 4096

/* is_local tells whether an address or a directory is of this host for certain: names are not. */
static bool
is_local(const char *host)
{
	return host[0] == '/' || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

/* all_local tells whether each word of a list with commas is one of this host. */
static bool
all_local(const char *list)
{
	char word[256];

	while (*list != '\0') {
		size_t blanks = strspn(list, ", "), n = strcspn(list + blanks, ", ");

		snprintf(word, sizeof(word), "%.*s", (int)n, list + blanks);
		if (n >= sizeof(word) || (n > 0 && !is_local(word)))
			return false;
		list += blanks + n;
	}
	return true;
}

/* site_is_local tells whether neither clients nor PostgreSQL may be elsewhere. */
static bool
site_is_local(const struct tw_site *site)
{
	const json_t *databases = json_object_get(site->root, "databases"), *database;
	bool local = all_local(tw_site_text(site, "pgbouncer.listen_addr")) &&
	             all_local(tw_site_text(site, "postgres.host"));
	size_t i;

	json_array_foreach (databases, i, database)
		local = local && all_local(json_string_value(json_object_get(database, "host")));
	return local;
}

/* pool_size is a database's own pool size, or the default one. */
static long long
pool_size(const struct tw_site *site, const json_t *database)
{
	const json_t *own = json_object_get(database, "pool_size");

	return own != NULL ? json_integer_value(own)
	                   : tw_site_integer(site, "pgbouncer.default_pool_size");
}

/*
 * descriptors is LimitNOFILE: a client or server connection is one, and cancel requests take up to
 * another pool (PgBouncer's src/objects.c: launch_new_connection).
 */
static long long
descriptors(const struct tw_site *site)
{
	const json_t *databases = json_object_get(site->root, "databases"), *database;
	long long users = (long long)json_array_size(json_object_get(site->root, "users"));
	long long n = tw_site_integer(site, "pgbouncer.max_client_conn") + DESCRIPTORS_MORE;
	size_t i;

	json_array_foreach (databases, i, database)
		n += users * (2 * pool_size(site, database) +
		              tw_site_integer(site, "pgbouncer.reserve_pool_size"));
	return n < DESCRIPTORS_LEAST ? DESCRIPTORS_LEAST : n;
}

/* list_if is a list of one empty object where `yes`, otherwise of none: a condition of templates.
 */
static json_t *
list_if(bool yes)
{
	return yes ? json_pack("[{}]") : json_array();
}

json_t *
tw_render_host_data(const struct tw_site *site, const struct tw_render_programs *programs,
                    struct tw_err *e)
{
	const json_t *reconnects = tw_site_at(site, "server.reconnects", e);
	json_t *data, *number = json_sprintf("%lld", descriptors(site));

	data = json_pack("{ss ss ss ss ss so so so}", "ini", "/etc/pgbouncer/twpool/pgbouncer.ini",
	                 "binary", programs->pooler, "check", programs->check, "expected",
	                 "/var/lib/twpool-check/expected.json", "remembered",
	                 "/var/lib/twpool-check/state/last", "descriptors", number, "loopback",
	                 list_if(site_is_local(site)), "follows",
	                 list_if(!json_is_true(reconnects)));
	if (data == NULL)
		tw_fail(e, EX_OSERR, "out of memory");
	return data;
}
