/* SPDX-License-Identifier: ISC */
/* renderhost.c: the site as the data of the host's templates: units, logrotate, cron. */
#include "encode.h"
#include "render.h"
#include "size/size.h"

#include <string.h>

/* all_local tells whether each word of a list with commas is one of this host. */
static bool
all_local(const char *list)
{
	char word[256];

	while (*list != '\0') {
		size_t blanks = strspn(list, ", "), n = strcspn(list + blanks, ", ");

		snprintf(word, sizeof(word), "%.*s", (int)n, list + blanks);
		if (n >= sizeof(word) || (n > 0 && !tw_size_local(word)))
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

/* descriptors puts LimitNOFILE, for any version of PgBouncer. */
static bool
descriptors(const struct tw_site *site, long *n, struct tw_err *e)
{
	struct tw_size size = TW_SIZE_INIT;
	bool ok = tw_size_site(site, 0, &size, e);

	if (ok) {
		tw_size_reckon(&size);
		*n = size.descriptors_limit;
	}
	tw_size_free(&size);
	return ok;
}

/* list_if is a list of one empty object where `yes`, otherwise of none: a condition of templates.
 */
static json_t *
list_if(bool yes)
{
	return yes ? json_pack("[{}]") : json_array();
}

/* lint_data is what the judge at PgBouncer's start and reload is called with. */
static json_t *
lint_data(const struct tw_site *site, const struct tw_render_programs *programs)
{
	struct tw_err e = TW_ERR_INIT;
	const json_t *port = tw_site_at(site, "pgbouncer.listen_port", &e);

	return json_pack("{ss ss ss ss so}", "lint", programs->lint, "binary", programs->pooler,
	                 "directory", "/etc/pgbouncer/twpool", "ini",
	                 "/etc/pgbouncer/twpool/pgbouncer.ini", "port",
	                 json_sprintf("%lld", (long long)json_integer_value(port)));
}

/* words_if is a list of one object with a value of the site under `name`; of none where a unit cannot have it as a
 * word: better a boot that does not wait than no deploy. */
static json_t *
words_if(const struct tw_site *site, const char *key, const char *name)
{
	const char *value = tw_site_text(site, key);
	struct tw_buf word = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;
	bool plain = tw_encode("word", value, &word, &e);

	tw_buf_free(&word);
	return plain ? json_pack("[{ss}]", name, value) : json_array();
}

json_t *
tw_render_host_data(const struct tw_site *site, const struct tw_render_programs *programs,
                    struct tw_err *e)
{
	const json_t *reconnects = tw_site_at(site, "server.reconnects", e);
	json_t *data, *lint = json_array();
	bool timer;
	long n = 0;

	if (!descriptors(site, &n, e)) {
		json_decref(lint);
		return NULL;
	}
	if (programs->lint != NULL)
		json_array_append_new(lint, lint_data(site, programs));
	timer = strcmp(tw_site_text(site, "check.schedule"), "timer") == 0;
	data = json_pack(
	    "{ss ss ss ss ss ss ss so so so so so so so so}", "ini", "/etc/pgbouncer/twpool/pgbouncer.ini",
	    "binary", programs->pooler, "check", programs->check, "rollback", programs->rollback,
	    "expected", "/var/lib/twpool-check/expected.json", "remembered",
	    "/var/lib/twpool-check/state/last", "state", "/var/lib/twpool-check/state",
	    "descriptors", json_sprintf("%ld", n), "loopback", list_if(site_is_local(site)),
	    "follows", list_if(!json_is_true(reconnects)), "cron", list_if(!timer), "timer",
	    list_if(timer), "lint", lint, "mounts", words_if(site, "server.directory", "directory"),
	    "servers", words_if(site, "server.unit", "unit"));
	if (data == NULL)
		tw_fail(e, EX_OSERR, "out of memory");
	return data;
}
