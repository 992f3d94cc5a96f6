/* SPDX-License-Identifier: ISC */
/* twpool-auth: hands roles' secrets from PostgreSQL to the pooler, and proves that a login works.
 */
#include "auth.h"
#include "base/asuser.h"
#include "pg/auth.h"
#include "pg/verify.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static const char name[] = AUTH_NAME;

bool
auth_site(const struct options *o, struct tw_site *site, struct tw_err *e)
{
	return o->site != NULL ? tw_site_load(o->site, site, e)
	                       : tw_fail(e, EX_USAGE, "--site FILE is required");
}

/* roles_complain prints every problem of every role, and fails if there was one. */
static bool
roles_complain(const struct tw_roles *roles, struct tw_err *e)
{
	size_t bad = 0;
	const char *fix;

	for (size_t i = 0; i < roles->n; i++) {
		const struct tw_role *r = &roles->item[i];

		for (unsigned bit = 1; bit != 0 && bit <= r->problems; bit <<= 1) {
			if ((r->problems & bit) == 0)
				continue;
			fprintf(stderr, "%s: role \"%s\" %s", name, r->name,
			        tw_role_problem_text(bit, &fix));
			fprintf(stderr, " -- %s\n", fix);
		}
		bad += r->problems != 0;
	}
	return bad == 0 ||
	       tw_fail(e, EX_CONFIG, "%zu of %zu roles cannot be pooled", bad, roles->n);
}

/* roles_report is the --json form of --check: which role has which problems, and no secret. */
static json_t *
roles_report(const struct tw_roles *roles)
{
	json_t *list = json_array(), *report;
	bool good = true;
	const char *fix;

	for (size_t i = 0; i < roles->n; i++) {
		const struct tw_role *r = &roles->item[i];
		json_t *problems = json_array();

		for (unsigned bit = 1; bit != 0 && bit <= r->problems; bit <<= 1) {
			const char *text = tw_role_problem_text(bit, &fix);

			if ((r->problems & bit) != 0)
				json_array_append_new(
				    problems, json_pack("{ss ss}", "problem", text, "fix", fix));
		}
		good = good && r->problems == 0;
		json_array_append_new(list, json_pack("{ss sb so}", "role", r->name, "ok",
		                                      r->problems == 0, "problems", problems));
	}
	report = tw_json_report(name, good ? "ok" : "unfit");
	json_object_set_new(report, "server_version", json_string(roles->server_version));
	json_object_set_new(report, "max_connections", json_integer(roles->max_connections));
	json_object_set_new(report, "roles", list);
	return report;
}

/* check_print reports without secrets. */
static bool
check_print(const struct options *o, const struct tw_roles *roles, struct tw_err *e)
{
	if (o->json)
		return program_print(roles_report(roles), e);
	if (!o->quiet)
		printf("PostgreSQL %s, max_connections %ld\n", roles->server_version,
		       roles->max_connections);
	for (size_t i = 0; !o->quiet && i < roles->n; i++) {
		if (roles->item[i].problems == 0)
			printf("%s ok\n", roles->item[i].name);
	}
	return true;
}

/* secrets_write writes "role<TAB>secret" lines past stdio, whose buffer nobody would wipe. */
static bool
secrets_write(const struct tw_roles *roles, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	size_t done = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < roles->n; i++)
		ok = tw_buf_puts(&b, roles->item[i].name, e) && tw_buf_puts(&b, "\t", e) &&
		     tw_buf_puts(&b, roles->item[i].secret, e) && tw_buf_puts(&b, "\n", e);
	while (ok && done < b.len) {
		ssize_t n = write(STDOUT_FILENO, b.data + done, b.len - done);

		if (n < 0 && errno != EINTR)
			ok = tw_fail_errno(e, EX_IOERR, "write to standard output");
		done += n > 0 ? (size_t)n : 0;
	}
	tw_buf_free(&b);
	return ok;
}

/* run_export writes the secrets of all users of a site, or says what keeps it from doing so. */
static int
run_export(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_roles roles = TW_ROLES_INIT;
	bool ok = true;

	(void)n;
	(void)operands;
	if (o->json && !o->check)
		ok = tw_fail(e, EX_USAGE, "--json needs --check: a report holds no secret");
	else if (!o->check && isatty(STDOUT_FILENO))
		ok = tw_fail(e, EX_USAGE, "export prints secrets; use a pipe, or --check");
	ok = ok && auth_site(o, &site, e) &&
	     tw_roles_fetch(&site, name, tw_pg_now() + o->timeout * 1000, &roles, e) &&
	     (!o->check || check_print(o, &roles, e)) && roles_complain(&roles, e) &&
	     (o->check || tw_site_queried(&site) || secrets_write(&roles, e));
	tw_roles_free(&roles);
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}

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
	       tw_pg_params_default(p, "fallback_application_name", name, e);
}

/* login_print says what was proven. */
static bool
login_print(const struct options *o, const struct tw_login *l, struct tw_err *e)
{
	bool v6 = *l->host != '/' && strchr(l->host, ':') != NULL;
	json_t *report;

	if (o->json) {
		report = tw_json_report(name, "ok");
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
	return tw_hint(e,
	               "Write password=... into it, or passfile=FILE, a file with a line for the "
	               "pooler's host and port.");
}

/* login_expected holds the kind of peer against what was asked for; 1 where it differs. */
static bool
login_expected(const struct options *o, const struct tw_login *l, struct tw_err *e)
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

/* login_do logs in, as another OS user where that is asked for. */
static bool
login_do(const struct options *o, const struct tw_pg_params *p, struct tw_login *login,
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

/* run_verify logs in as the application does and runs a transaction. */
static int
run_verify(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_login login = { 0 };
	bool ok = login_params(o, &p, e);

	(void)n;
	(void)operands;
	tw_pg_environment_clear(true);
	ok = ok && password_there(o, &p, e) && login_do(o, &p, &login, e) &&
	     login_expected(o, &login, e) && login_print(o, &login, e);
	tw_pg_params_free(&p);
	return ok ? 0 : e->exit;
}

#define OPT(field) .offset = offsetof(struct options, field)

#define OPT_SITE                                                                                 \
	{ .name = "site", .letter = 's', .arg = "FILE", .help = "the site file",                 \
	  .type = TW_OPT_STRING, OPT(site) }
#define OPT_TIMEOUT                                                                              \
	{ .name = "timeout", .arg = "SECONDS", .help = "give up after this time (10)",           \
	  .type = TW_OPT_INT, OPT(timeout), .min = 1, .max = 3600 }
#define OPT_QUIET                                                                                \
	{ .name = "quiet", .letter = 'q', .help = "print nothing when all is well",              \
	  .type = TW_OPT_FLAG, OPT(quiet) }
#define OPT_POOLER(text)                                                                         \
	{ .name = "pooler-user", .arg = "USER", .help = text, .type = TW_OPT_STRING,             \
	  OPT(pooler_user) }

static const struct tw_opt export_opts[] = {
	OPT_SITE,
	{ .name = "check",
	  .help = "print which roles are fit, and no secret",
	  .type = TW_OPT_FLAG,
	  OPT(check) },
	{ .name = "json", .help = "print a report (with --check)", .type = TW_OPT_FLAG, OPT(json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print nothing but secrets and errors",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
	OPT_TIMEOUT,
	{ 0 },
};

static const struct tw_opt verify_opts[] = {
	{ .name = "dsn",
	  .arg = "DSN",
	  .help = "connection text without a password, or @FILE[#/pointer]",
	  .type = TW_OPT_STRING,
	  OPT(dsn) },
	{ .name = "db",
	  .arg = "NAME",
	  .help = "what %DB% in the DSN stands for",
	  .type = TW_OPT_STRING,
	  OPT(db) },
	{ .name = "host",
	  .arg = "HOST",
	  .help = "instead of the DSN's host",
	  .type = TW_OPT_STRING,
	  OPT(host) },
	{ .name = "port",
	  .arg = "PORT",
	  .help = "instead of the DSN's port",
	  .type = TW_OPT_INT,
	  OPT(port),
	  .min = 1,
	  .max = 65535 },
	{ .name = "as",
	  .arg = "USER",
	  .help = "connect as this OS user (root only)",
	  .type = TW_OPT_STRING,
	  OPT(as) },
	{ .name = "need-password",
	  .help = "fail (78) if the DSN leaves the password to ~/.pgpass",
	  .type = TW_OPT_FLAG,
	  OPT(need_password) },
	{ .name = "timeout",
	  .arg = "SECONDS",
	  .help = "give up a try after this time (10)",
	  .type = TW_OPT_INT,
	  OPT(timeout),
	  .min = 1,
	  .max = 3600 },
	{ .name = "retry",
	  .arg = "SECONDS",
	  .help = "try again for this time while nobody is there (0)",
	  .type = TW_OPT_INT,
	  OPT(retry),
	  .min = 0,
	  .max = 3600 },
	{ .name = "expect-pooler",
	  .help = "fail (1) if PostgreSQL itself answers",
	  .type = TW_OPT_FLAG,
	  OPT(expect_pooler) },
	{ .name = "expect-direct",
	  .help = "fail (1) if a pooler answers",
	  .type = TW_OPT_FLAG,
	  OPT(expect_direct) },
	{ .name = "json", .help = "print a report", .type = TW_OPT_FLAG, OPT(json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print nothing when all is well",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
	{ 0 },
};

static const struct tw_opt install_opts[] = {
	OPT_SITE,
	{ .name = "dry-run",
	  .help = "print what differs, exit 1 where something does",
	  .type = TW_OPT_FLAG,
	  OPT(dry_run) },
	OPT_TIMEOUT,
	OPT_QUIET,
	{ 0 },
};

static const struct tw_opt access_opts[] = {
	OPT_SITE,
	OPT_POOLER("the OS user of the pooler's process"),
	{ .name = "json",
	  .help = "print edits for twpool-generation, not a diff",
	  .type = TW_OPT_FLAG,
	  OPT(json) },
	OPT_TIMEOUT,
	{ 0 },
};

static const struct tw_opt reload_opts[] = {
	OPT_SITE,
	OPT_POOLER("prove that the block for this OS user is in force"),
	OPT_TIMEOUT,
	{ 0 },
};

static const struct tw_opt purge_opts[] = {
	OPT_SITE,
	OPT_TIMEOUT,
	OPT_QUIET,
	{ 0 },
};

static const struct tw_command commands[] = {
	{ "export", "", 0, 0, "print role<TAB>secret of all users of the site, for a pipe",
	  export_opts, run_export },
	{ "verify", "", 0, 0, "log in and run a transaction as the application would", verify_opts,
	  run_verify },
	{ "install", "", 0, 0, "make role and function of the lookup in every pooled database",
	  install_opts, run_install },
	{ "access", "", 0, 0, "print how pg_hba.conf and pg_ident.conf must change for the lookup",
	  access_opts, run_access },
	{ "reload", "", 0, 0, "have PostgreSQL read those files again, and prove that it has",
	  reload_opts, run_reload },
	{ "purge", "", 0, 0, "remove role and function of the lookup", purge_opts, run_purge },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-auth",
		"hand the roles' secrets to the pooler, and prove that a login works", commands
	};
	struct options o = { .timeout = 10 };

	return program_main(&program, argc, argv, &o);
}
