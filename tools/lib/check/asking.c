/* SPDX-License-Identifier: ISC */
/* asking.c: DSNs and a site become questions. Asking them is in facts.c. */
#include "asking.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* expected_set makes a list of all pools that the users of a site may bring about. */
static bool
expected_set(struct tw_asking *a, const struct tw_site *site, struct tw_err *e)
{
	const json_t *databases = tw_site_at(site, "databases", e);
	const json_t *users = tw_site_at(site, "users", e), *database, *user;
	size_t i, j;

	if (databases == NULL || users == NULL)
		return false;
	if (a->sampler.only_n > 0)
		return true;
	a->expected = calloc(json_array_size(databases) * json_array_size(users) + 1,
	                     sizeof(*a->expected));
	if (a->expected == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	json_array_foreach (databases, i, database) {
		json_array_foreach (users, j, user) {
			struct tw_pool_name *pool = &a->expected[a->expected_n++];

			snprintf(pool->database, sizeof(pool->database), "%s",
			         json_string_value(json_object_get(database, "name")));
			snprintf(pool->user, sizeof(pool->user), "%s",
			         json_string_value(json_object_get(user, "name")));
		}
	}
	return true;
}

bool
tw_asking_site(struct tw_asking *a, const char *path, const char *tool, struct tw_err *e)
{
	bool postgres = a->sampler.postgres.n > 0;
	bool ok = tw_site_load(path, &a->whole, e) &&
	          tw_sampler_site(&a->sampler, &a->whole, tw_root(), tool, e) &&
	          expected_set(a, &a->whole, e);

	/* Nobody but root is let in as PostgreSQL's superuser, or should be. */
	if (geteuid() != 0 && !postgres)
		tw_pg_params_free(&a->sampler.postgres);
	a->site = ok;
	if (ok)
		tw_lint_site(&a->whole, &a->has, &a->config_error);
	return ok;
}

bool
tw_asking_dsn(const char *dsn, const char *tool, struct tw_pg_params *p, struct tw_err *e)
{
	return tw_pg_dsn_read(dsn, NULL, p, e) &&
	       tw_pg_params_default(p, "fallback_application_name", tool, e);
}

bool
tw_asking_login(struct tw_asking *a, const char *dsn, const char *db, const char *tool,
                struct tw_err *e)
{
	struct tw_client *grown = reallocarray(a->client, a->clients + 1, sizeof(*grown)), *c;
	const char *user, *database;

	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	a->client = grown;
	c = &a->client[a->clients++]; /* one more is freed, whatever happens */
	*c = (struct tw_client){ 0 };
	if (!tw_pg_dsn_read(dsn, db, &c->params, e) ||
	    !tw_pg_params_default(&c->params, "fallback_application_name", tool, e))
		return false;
	user = tw_pg_params_get(&c->params, "user");
	database = tw_pg_params_get(&c->params, "dbname");
	user = user != NULL ? user : "(default)";
	snprintf(c->user, sizeof(c->user), "%s", user);
	snprintf(c->database, sizeof(c->database), "%s", database != NULL ? database : user);
	return true;
}

bool
tw_asking_pool(struct tw_asking *a, const char *dsn, const char *db, struct tw_err *e)
{
	struct tw_pool_name *pool = &a->sampler.only[a->sampler.only_n++];
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	bool ok = tw_pg_dsn_read(dsn, db, &p, e);
	const char *user = tw_pg_params_get(&p, "user"), *database = tw_pg_params_get(&p, "dbname");

	database = database != NULL ? database : user;
	if (ok && database == NULL)
		ok = tw_fail(e, EX_USAGE, "the DSN names neither a database nor a user");
	if (ok && database != NULL) {
		snprintf(pool->database, sizeof(pool->database), "%s", database);
		snprintf(pool->user, sizeof(pool->user), "%s", user != NULL ? user : "");
	}
	tw_pg_params_free(&p);
	return ok;
}
