/* SPDX-License-Identifier: ISC */
/*
 * auth_probe.c: the command of twpool-auth that logs in from end to end without any secret: as an OS user
 * whom the pooler lets in by peer, and whom PostgreSQL lets in by peer from the pooler's OS user.
 */
#include "auth.h"
#include "base/file.h"
#include "pg/lookup.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* user_fit: whoever calls is the probe's OS user, or root, who becomes it. */
static bool
user_fit(struct options *o, struct tw_err *e)
{
	const struct passwd *self = getpwuid(geteuid());

	if (self != NULL && strcmp(self->pw_name, TW_PROBE_ROLE) == 0)
		return true;
	o->as = TW_PROBE_ROLE;
	return geteuid() == 0 ||
	       tw_fail(e, EX_NOPERM, "the probe is made by root or by the OS user " TW_PROBE_ROLE);
}

/* database_probe logs in to one database by its name in the pooler. */
static bool
database_probe(const struct options *o, const struct tw_site *site, const char *database,
               struct tw_err *e)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_login login = { 0 };
	char directory[4096], port[32];
	bool ok;

	snprintf(directory, sizeof(directory), "%s/run/pgbouncer", tw_root());
	snprintf(port, sizeof(port), "%lld", tw_site_integer(site, "pgbouncer.listen_port"));
	ok = tw_pg_params_set(&p, "host", directory, e) && tw_pg_params_set(&p, "port", port, e) &&
	     tw_pg_params_set(&p, "user", TW_PROBE_ROLE, e) &&
	     tw_pg_params_set(&p, "dbname", database, e) &&
	     tw_pg_params_set(&p, "fallback_application_name", AUTH_NAME, e) &&
	     auth_login_do(o, &p, &login, e) && auth_login_expected(o, &login, e) &&
	     auth_login_print(o, &login, e);
	tw_pg_params_free(&p);
	return ok || tw_context(e, "database '%s'", database);
}

int
run_probe(const void *options, int n, char **operands, struct tw_err *e)
{
	struct options o = *(const struct options *)options;
	struct tw_site site = TW_SITE_INIT;
	bool ok = auth_site(&o, &site, e) && user_fit(&o, e);
	const json_t *database;
	size_t i;

	(void)n, (void)operands;
	tw_pg_environment_clear(false);
	o.expect_pooler = true;
	if (ok && !tw_site_queried(&site))
		ok = tw_fail(e, EX_CONFIG, "%s: auth.method is not \"query\": no login without a "
		                           "secret is let in", site.path);
	json_array_foreach (json_object_get(site.root, "databases"), i, database)
		ok = ok && database_probe(&o, &site,
		                          json_string_value(json_object_get(database, "name")), e);
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}
