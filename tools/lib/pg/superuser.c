/* SPDX-License-Identifier: ISC */
/* superuser.c: root never speaks to PostgreSQL itself: a child does. */
#include "superuser.h"
#include "base/asuser.h"

#include <stdio.h>
#include <unistd.h>

/* superuser_params says how the superuser is reached. */
static bool
superuser_params(const struct tw_site *site, const char *program, const char *dbname,
                 struct tw_pg_params *p, struct tw_err *e)
{
	const char *service = tw_site_text(site, "auth.superuser_service");
	char port[16];

	snprintf(port, sizeof(port), "%lld", tw_site_integer(site, "postgres.port"));
	if (!tw_pg_params_set(p, "fallback_application_name", program, e) ||
	    !tw_pg_params_set(p, "client_encoding", "UTF8", e))
		return false;
	/* The service may name the database of the superuser's first questions; none of the others. */
	if (*service != '\0')
		return tw_pg_params_set(p, "service", service, e) &&
		       (dbname == NULL || tw_pg_params_set(p, "dbname", dbname, e));
	return tw_pg_params_set(p, "host", tw_site_text(site, "postgres.socket_directory"), e) &&
	       tw_pg_params_set(p, "port", port, e) &&
	       tw_pg_params_set(p, "user", tw_site_text(site, "postgres.superuser"), e) &&
	       tw_pg_params_set(p, "dbname", dbname != NULL ? dbname : "postgres", e);
}

/* What the child that has become the superuser's OS user is told. */
struct work {
	const struct tw_pg_params *params;
	tw_superuser_fn fn;
	const void *arg;
	tw_ms deadline;
};

/* work_do is the work behind the signature of tw_as_user. */
static bool
work_do(const void *arg, struct tw_buf *out, struct tw_err *e)
{
	const struct work *w = arg;
	PGconn *conn = NULL;
	bool ok = tw_pg_connect(w->params, w->deadline, &conn, e) &&
	          w->fn(conn, w->arg, w->deadline, out, e);

	PQfinish(conn);
	return ok;
}

bool
tw_superuser_do(const struct tw_site *site, const char *program, const char *dbname,
                tw_superuser_fn fn, const void *arg, tw_ms deadline, struct tw_buf *out,
                struct tw_err *e)
{
	bool service = *tw_site_text(site, "auth.superuser_service") != '\0';
	struct tw_pg_params params = TW_PG_PARAMS_INIT;
	struct work work = { &params, fn, arg, deadline };
	struct tw_buf own = TW_BUF_INIT;
	bool ok = superuser_params(site, program, dbname, &params, e);

	tw_pg_environment_clear(service);
	/* The child has the same deadline and says more about it: a little longer for it here. */
	if (ok && geteuid() == 0 && !service)
		ok = tw_as_user(tw_site_text(site, "postgres.superuser"), work_do, &work,
		                deadline + 300, &own, e);
	else
		ok = ok && work_do(&work, &own, e);
	ok = ok && (own.len == 0 || tw_buf_add(out, own.data, own.len, e));
	tw_buf_free(&own);
	tw_pg_params_free(&params);
	return ok;
}
