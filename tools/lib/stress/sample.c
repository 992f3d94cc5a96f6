/* SPDX-License-Identifier: ISC */
/*
 * sample.c: whom to ask, and which pools are looked at. The console's tables are read in
 * sample_console.c, PostgreSQL's in sample_postgres.c.
 */
#include "sample.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
tw_sample_free(struct tw_sample *s)
{
	free(s->pools.item);
	free(s->servers.item);
	free(s->outside.item);
	for (size_t i = 0; i < TW_ADMIN_WORDS; i++)
		PQclear(s->table[i]);
	*s = (struct tw_sample)TW_SAMPLE_INIT;
}

void
tw_sampler_free(struct tw_sampler *s)
{
	PQfinish(s->console_conn);
	PQfinish(s->postgres_conn);
	tw_pg_params_free(&s->console);
	tw_pg_params_free(&s->postgres);
	*s = (struct tw_sampler)TW_SAMPLER_INIT;
}

/* The OS user, PgBouncer's stats user, that may ask the console of a deployed pooler by peer. */
#define STATS_USER "twpool-check"

/* caller_is_stats_user tells whether we run as the OS user whom the console lets in as itself. */
static bool
caller_is_stats_user(void)
{
	const struct passwd *pw = geteuid() != 0 ? getpwuid(geteuid()) : NULL;

	return pw != NULL && strcmp(pw->pw_name, STATS_USER) == 0;
}

bool
tw_sampler_site(struct tw_sampler *s, const struct tw_site *site, const char *root,
                const char *program, struct tw_err *e)
{
	const char *service = tw_site_text(site, "auth.superuser_service");
	char directory[512], port[16];
	bool ok;

	snprintf(directory, sizeof(directory), "%s/run/pgbouncer", root);
	snprintf(port, sizeof(port), "%lld", tw_site_integer(site, "pgbouncer.listen_port"));
	ok = (!caller_is_stats_user() ||
	      tw_pg_params_default(&s->console, "user", STATS_USER, e)) &&
	     tw_pg_params_default(&s->console, "host", directory, e) &&
	     tw_pg_params_default(&s->console, "port", port, e) &&
	     tw_pg_params_default(&s->console, "fallback_application_name", program, e);
	if (s->postgres.n > 0)
		return ok;
	if (*service != '\0')
		return ok && tw_pg_params_set(&s->postgres, "service", service, e);
	snprintf(port, sizeof(port), "%lld", tw_site_integer(site, "postgres.port"));
	return ok &&
	       tw_pg_params_set(&s->postgres, "host",
	                        tw_site_text(site, "postgres.socket_directory"), e) &&
	       tw_pg_params_set(&s->postgres, "port", port, e) &&
	       tw_pg_params_set(&s->postgres, "user", tw_site_text(site, "postgres.superuser"),
	                        e) &&
	       tw_pg_params_set(&s->postgres, "dbname", "postgres", e) &&
	       tw_pg_params_set(&s->postgres, "fallback_application_name", program, e);
}

/* pool_wanted tells whether the sampler is to see a pool. */
static bool
pool_wanted(const struct tw_sampler *sampler, const struct tw_pool *p)
{
	bool wanted = sampler->only_n == 0;

	for (size_t i = 0; i < sampler->only_n && !wanted; i++)
		wanted = strcmp(sampler->only[i].database, p->database) == 0 &&
		         (sampler->only[i].user[0] == '\0' ||
		          strcmp(sampler->only[i].user, p->user) == 0);
	return wanted;
}

/* pools_select drops the pools that are not wanted; their server connections serve pool SIZE_MAX.
 */
static void
pools_select(const struct tw_sampler *sampler, struct tw_sample *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->pools.n; i++) {
		bool wanted = pool_wanted(sampler, &s->pools.item[i]);

		for (size_t j = 0; j < s->servers.n; j++) {
			if (s->servers.item[j].pool == i)
				s->servers.item[j].pool = wanted ? kept : SIZE_MAX;
		}
		if (wanted)
			s->pools.item[kept++] = s->pools.item[i];
	}
	s->pools.n = kept;
}

bool
tw_sample_console(struct tw_sampler *s, tw_ms deadline, struct tw_sample *out, struct tw_err *e)
{
	struct tw_sample own = { .at = tw_pg_now() };
	bool ok = (s->console_conn != NULL ||
	           tw_admin_connect(&s->console, deadline, &s->console_conn, e)) &&
	          tw_sample_tables(s, deadline, &own, e);

	if (!ok) {
		PQfinish(s->console_conn);
		s->console_conn = NULL;
		tw_sample_free(&own);
		return tw_context(e, "console");
	}
	if (s->only_n > 0)
		pools_select(s, &own);
	tw_sample_free(out);
	*out = own;
	return true;
}
