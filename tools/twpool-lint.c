/* SPDX-License-Identifier: ISC */
/* twpool-lint: judges a pgbouncer.ini, by itself and against the PgBouncer that runs. */
#include "lint/lint.h"
#include "pg/admin.h"
#include "program.h"
#include "site/keys.h"

#include <stdlib.h>

static const char name[] = "twpool-lint";

struct options {
	const char *version;
	const char *live;
	struct tw_list pids;
	long timeout;
	bool elsewhere;
	bool json;
	bool quiet;
};

/* pids_read turns the --pid options into numbers. */
static bool
pids_read(const struct tw_list *list, int *pids, struct tw_err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		char *end;
		long n = strtol(list->item[i], &end, 10);

		if (end == list->item[i] || *end != '\0' || n < 1 || n > 4194304)
			return tw_fail(e, EX_USAGE, "--pid: '%s' is not a process id",
			               list->item[i]);
		pids[i] = (int)n;
	}
	return true;
}

/* live_check asks the console, and /proc where --pid is given. */
static bool
live_check(const struct options *o, const struct tw_lint *lint, struct tw_live *live,
           struct tw_findings *f, struct tw_err *e)
{
	tw_ms deadline = tw_pg_now() + o->timeout * 1000;
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	int pids[TW_LIST_MAX];
	PGconn *conn = NULL;
	bool ok = pids_read(&o->pids, pids, e) && tw_pg_dsn_read(o->live, NULL, &p, e) &&
	          tw_pg_params_default(&p, "fallback_application_name", name, e) &&
	          tw_admin_connect(&p, deadline, &conn, e) &&
	          tw_lint_live(lint, conn, deadline, live, f, e) &&
	          (o->pids.n == 0 || tw_lint_listener(lint, pids, o->pids.n, f, e));

	PQfinish(conn);
	tw_pg_params_free(&p);
	return ok;
}

/* report_json is the --json form of all findings. */
static json_t *
report_json(const struct tw_lint *lint, const struct tw_live *live, const struct tw_findings *f)
{
	json_t *list = json_array(), *report;

	for (size_t i = 0; i < f->n; i++) {
		const struct tw_finding *x = &f->item[i];

		json_array_append_new(
		    list,
		    json_pack("{so si si ss sb ss so ss ss}", "file",
		              tw_json_name(x->at.file != NULL ? x->at.file : lint->path), "line",
		              x->at.line, "column", x->at.column, "severity",
		              tw_severity_text(x->severity), "refused", x->severity == TW_REFUSED,
		              "rule", x->rule, "message", tw_json_name(x->message), "fix", x->fix,
		              "source", tw_lint_source(x->rule)));
	}
	report = tw_json_report(name, tw_findings_worst(f) < TW_WARNING ? "ok" : "findings");
	json_object_set_new(report, "refused", json_boolean(tw_findings_worst(f) == TW_REFUSED));
	json_object_set_new(report, "findings", list);
	json_object_set_new(
	    report, "live",
	    live ? json_pack("{si si}", "keys", (int)live->keys, "databases", (int)live->databases)
		 : json_null());
	return report;
}

/* findings_print writes one finding per line, and what agrees with the daemon on stderr. */
static bool
findings_print(const struct options *o, const struct tw_lint *lint, const struct tw_live *live,
               const struct tw_findings *f, struct tw_err *e)
{
	if (o->json)
		return program_print(report_json(lint, live, f), e);
	for (size_t i = 0; i < f->n; i++) {
		const struct tw_finding *x = &f->item[i];

		if (o->quiet && x->severity == TW_NOTE)
			continue;
		printf("%s:%d:%d: %s: %s: %s -- %s\n", x->at.file != NULL ? x->at.file : lint->path,
		       x->at.line, x->at.column, tw_severity_text(x->severity), x->rule, x->message,
		       x->fix);
	}
	if (live != NULL && !o->quiet)
		fprintf(stderr, "%s: %zu keys and %zu databases are as in %s\n", name, live->keys,
		        live->databases, lint->path);
	return true;
}

/* run_lint does all that the options ask for; 1 where something was found. */
static int
run_lint(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_lint lint = TW_LINT_INIT;
	struct tw_findings findings = TW_FINDINGS_INIT;
	struct tw_live live = { 0 };
	int code = 0;
	bool ok;

	(void)n;
	lint.path = operands[0];
	lint.elsewhere = o->elsewhere;
	tw_pg_environment_clear(true);
	ok = (o->pids.n == 0 || o->live != NULL || tw_fail(e, EX_USAGE, "--pid needs --live")) &&
	     (o->version == NULL || tw_key_version(o->version, &lint.version, e)) &&
	     tw_lint_read(&lint, &findings, e) && tw_lint_rules(&lint, &findings, e) &&
	     (o->live == NULL || live_check(o, &lint, &live, &findings, e));
	tw_findings_sort(&findings);
	ok = ok && findings_print(o, &lint, o->live ? &live : NULL, &findings, e);
	if (tw_findings_worst(&findings) >= TW_WARNING)
		code = 1;
	tw_findings_free(&findings);
	tw_lint_free(&lint);
	return ok ? code : e->exit;
}

#define OPT(field) .offset = offsetof(struct options, field)

static const struct tw_opt opts[] = {
	{ .name = "pgbouncer-version",
	  .arg = "X.Y.Z",
	  .help = "judge for this version (default: any)",
	  .type = TW_OPT_STRING,
	  OPT(version) },
	{ .name = "live",
	  .arg = "DSN",
	  .help = "compare with the PgBouncer whose console is there",
	  .type = TW_OPT_STRING,
	  OPT(live) },
	{ .name = "pid",
	  .arg = "PID",
	  .help = "who must hold the listening socket (with --live)",
	  .type = TW_OPT_LIST,
	  OPT(pids) },
	{ .name = "timeout",
	  .arg = "SECONDS",
	  .help = "give up on the console after this time (5)",
	  .type = TW_OPT_INT,
	  OPT(timeout),
	  .min = 1,
	  .max = 3600 },
	{ .name = "elsewhere",
	  .help = "judge for another host: this one's files and accounts do not count",
	  .type = TW_OPT_FLAG,
	  OPT(elsewhere) },
	{ .name = "json", .help = "print a report", .type = TW_OPT_FLAG, OPT(json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print findings only",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "PGBOUNCER_INI", 1, 1, "judge a configuration file of PgBouncer", opts, run_lint },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-lint",
		"judge a configuration of PgBouncer, and compare it with the one that runs",
		commands
	};
	struct options o = { .timeout = 5 };

	return program_main(&program, argc, argv, &o);
}
