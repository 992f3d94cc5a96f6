/* SPDX-License-Identifier: ISC */
/* twpool-auth: hands roles' secrets from PostgreSQL to the pooler, and proves that a login works.
 */
#include "auth.h"
#include "pg/auth.h"

#include <errno.h>
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

static const struct tw_opt probe_opts[] = {
	OPT_SITE,
	OPT_TIMEOUT,
	OPT_QUIET,
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

static const struct tw_opt rotate_opts[] = {
	OPT_SITE,
	{ .name = "password-file",
	  .arg = "FILE",
	  .help = "the new password, one line (a random one)",
	  .type = TW_OPT_STRING,
	  OPT(password_file) },
	{ .name = "json", .help = "print a report", .type = TW_OPT_FLAG, OPT(json) },
	OPT_TIMEOUT,
	OPT_QUIET,
	{ 0 },
};

static const struct tw_command commands[] = {
	{ "export", "", 0, 0, "print role<TAB>secret of all users of the site, for a pipe",
	  export_opts, run_export },
	{ "verify", "", 0, 0, "log in and run a transaction as the application would", verify_opts,
	  run_verify },
	{ "probe", "", 0, 0, "log in through the pooler to every database, without a secret",
	  probe_opts, run_probe },
	{ "install", "", 0, 0, "make role and function of the lookup in every pooled database",
	  install_opts, run_install },
	{ "access", "", 0, 0, "print how pg_hba.conf and pg_ident.conf must change for the lookup",
	  access_opts, run_access },
	{ "reload", "", 0, 0, "have PostgreSQL read those files again, and prove that it has",
	  reload_opts, run_reload },
	{ "rotate", "ROLE", 1, 1,
	  "give a role a new password in PostgreSQL, the pooler and the server's DSNs", rotate_opts,
	  run_rotate },
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
