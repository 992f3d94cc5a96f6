/* SPDX-License-Identifier: ISC */
/* auth_verify.c: the command of twpool-auth that logs in as the application does. */
#include "auth.h"
#include "base/asuser.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* login_params reads the DSN and what the command line overrides of it. */
static bool
login_params(const struct options *o, struct tw_pg_params *p, struct tw_err *e)
{
	char port[16];

	snprintf(port, sizeof(port), "%ld", o->port);
	if (o->dsn == NULL)
		return tw_fail(e, EX_USAGE, "--dsn DSN is required");
	if (o->expect_pooler && o->expect_direct)
		return tw_fail(e, EX_USAGE,
		               "--expect-pooler and --expect-direct exclude each other");
	return tw_pg_dsn_read(o->dsn, o->db, p, e) &&
	       /* hostaddr would win over the new host */
	       (o->host == NULL || (tw_pg_params_set(p, "host", o->host, e) &&
	                            (tw_pg_params_get(p, "hostaddr") == NULL ||
	                             tw_pg_params_set(p, "hostaddr", "", e)))) &&
	       (o->port == 0 || tw_pg_params_set(p, "port", port, e)) &&
	       tw_pg_params_default(p, "fallback_application_name", AUTH_NAME, e);
}

bool
auth_login_print(const struct options *o, const struct tw_login *l, struct tw_err *e)
{
	bool v6 = *l->host != '/' && strchr(l->host, ':') != NULL;
	json_t *report;

	if (o->json) {
		report = tw_json_report(AUTH_NAME, "ok");
		json_object_update_new(
		    report, json_pack("{ss ss ss ss sb sb sf si}", "role", l->role, "database",
		                      l->database, "host", l->host, "port", l->port, "pooled",
		                      l->pooled, "in_recovery", l->in_recovery, "login_ms",
		                      (double)(long long)(l->ms * 1000) / 1000, "tries", l->tries));
		return program_print(report, e);
	}
	if (!o->quiet)
		printf("login and transaction as %s on %s through %s%s%s:%s: ok in %.0f ms\n",
		       l->role, l->database, v6 ? "[" : "", l->host, v6 ? "]" : "", l->port, l->ms);
	return true;
}

/*
 * password_there refuses a DSN that leaves the password to the user's own passfile: its lines name
 * a port, and a pooler has another one.
 */
static bool
password_there(const struct options *o, const struct tw_pg_params *p, struct tw_err *e)
{
	if (!o->need_password || tw_pg_params_get(p, "password") != NULL ||
	    tw_pg_params_get(p, "passfile") != NULL)
		return true;
	tw_fail(e, EX_CONFIG, "the DSN has no password, and a pooler asks for one");
	return tw_hint(e, "Write a password into it, or passfile=FILE, a file with a line for the "
	                  "pooler's host and port.");
}

bool
auth_login_expected(const struct options *o, const struct tw_login *l, struct tw_err *e)
{
	if (o->expect_pooler && !l->pooled)
		return tw_fail(e, 1, "%s:%s is PostgreSQL itself, not a pooler", l->host, l->port);
	if (o->expect_direct && l->pooled)
		return tw_fail(e, 1, "%s:%s is a pooler, not PostgreSQL itself", l->host, l->port);
	return true;
}

/* What a child needs for a login. */
struct trial {
	const struct options *o;
	const struct tw_pg_params *params;
};

/* login_in_child logs in, and hands over what it saw. */
static bool
login_in_child(const void *arg, struct tw_buf *out, struct tw_err *e)
{
	const struct trial *t = arg;
	struct tw_login login = { 0 };

	return tw_login_retry(t->params, t->o->timeout * 1000, t->o->retry * 1000, &login, e) &&
	       tw_buf_add(out, &login, sizeof(login), e);
}

bool
auth_login_do(const struct options *o, const struct tw_pg_params *p, struct tw_login *login,
              struct tw_err *e)
{
	const struct trial trial = { o, p };
	long seconds = o->retry > o->timeout ? o->retry : o->timeout;
	struct tw_buf out = TW_BUF_INIT;
	bool ok;

	if (o->as == NULL)
		return tw_login_retry(p, o->timeout * 1000, o->retry * 1000, login, e);
	if (geteuid() != 0)
		return tw_fail(e, EX_NOPERM, "--as: only root becomes another user");
	if (getpwnam(o->as) == NULL)
		return tw_fail(e, EX_CONFIG, "--as: there is no OS user '%s'", o->as);
	/* The child has the same deadline and says more about it: a little longer for it here. */
	ok = tw_as_user(o->as, login_in_child, &trial, tw_pg_now() + seconds * 1000 + 300, &out, e);
	if (ok && out.len != sizeof(*login))
		ok = tw_fail(e, EX_SOFTWARE, "the helper process died");
	if (ok)
		memcpy(login, out.data, sizeof(*login));
	tw_buf_free(&out);
	return ok;
}

int
run_verify(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_login login = { 0 };
	bool ok = login_params(o, &p, e);

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	ok = ok && password_there(o, &p, e) && auth_login_do(o, &p, &login, e) &&
	     auth_login_expected(o, &login, e) && auth_login_print(o, &login, e);
	tw_pg_params_free(&p);
	return ok ? 0 : e->exit;
}
