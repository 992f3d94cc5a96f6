/* SPDX-License-Identifier: ISC */
/*
 * twpool-lint: judges a pgbouncer.ini, by itself, in the installed binary, and against the
 * PgBouncer that runs.
 */
#include "lint/boot.h"
#include "lint/lint.h"
#include "lint/reload.h"
#include "lint_report.h"
#include "pg/admin.h"
#include "program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char name[] = "twpool-lint";

struct options {
	const char *version;
	const char *binary;
	const char *user;
	const char *live;
	struct tw_list pids;
	long timeout;
	long descriptors;
	const char *staged;
	const char *reload;
	const char *previous;
	bool resume;
	bool boot;
	bool elsewhere;
	bool errors;
	bool keys;
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

/* binary_find is the binary that is meant: --binary, or the distribution's where it is there. */
static const char *
binary_find(const struct options *o)
{
	static const char *const places[] = { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer",
		                              "/usr/local/bin/pgbouncer" };

	if (o->binary != NULL)
		return o->binary;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

/* version_running asks the PgBouncer whose console is given. */
static bool
version_running(const char *console, long timeout, int *version, struct tw_err *e)
{
	tw_ms deadline = tw_pg_now() + timeout * 1000;
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	PGconn *conn = NULL;
	bool ok = tw_pg_dsn_read(console, NULL, &p, e) &&
	          tw_pg_params_default(&p, "fallback_application_name", name, e) &&
	          tw_admin_connect(&p, deadline, &conn, e) &&
	          tw_lint_version(conn, deadline, version, e);

	PQfinish(conn);
	tw_pg_params_free(&p);
	return ok;
}

/*
 * version_find sets the version: the one given, or that of the binary; "any" is none. A running
 * PgBouncer that is asked anyway has one too, where the binary does not run.
 */
static bool
version_find(const struct options *o, const char *binary, int *version, struct tw_err *e)
{
	const char *console = o->reload != NULL ? o->reload : o->live;
	struct tw_err why = TW_ERR_INIT;

	*version = 0;
	if (o->version != NULL)
		return strcmp(o->version, "any") == 0 || tw_key_version(o->version, version, e);
	if (binary == NULL ? o->reload == NULL || o->boot : tw_boot_version(binary, version, &why))
		return true;
	if (console != NULL && !o->boot && (binary == NULL || why.exit == EX_UNAVAILABLE))
		return version_running(console, o->timeout, version, e);
	*e = why;
	return false;
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
	          (o->binary == NULL || tw_lint_binary(lint, o->binary, conn, deadline, f, e)) &&
	          (o->pids.n == 0 || (tw_lint_listener(lint, pids, o->pids.n, f, e) &&
	                              tw_lint_replaced(lint, pids, o->pids.n, f, e)));

	PQfinish(conn);
	tw_pg_params_free(&p);
	return ok;
}

/*
 * boot_check is the shadow boot, where it is asked for. A reload does without one that cannot be
 * made, for want of a binary or of room: the way back from an incident must not need them. The
 * rules have judged, and what PgBouncer has is read back.
 */
static bool
boot_check(const struct options *o, const struct tw_lint *lint, const char *binary,
           struct tw_boot *boot, struct report *r, struct tw_findings *f, struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;
	int version;

	if (!o->boot && o->reload == NULL)
		return true;
	if (binary == NULL) {
		tw_fail(&why, EX_UNAVAILABLE, "there is no PgBouncer on this host");
		tw_hint(&why, "Say where it is: --binary PATH.");
	} else if ((o->boot || tw_boot_version(binary, &version, &why)) &&
	           tw_boot(lint, binary, tw_pg_now() + o->timeout * 1000, boot, f, &why)) {
		r->boot = boot;
		return true;
	}
	if (!o->boot &&
	    (why.exit == EX_UNAVAILABLE || why.exit == EX_OSERR || why.exit == EX_IOERR))
		return tw_finding_add(f, tw_lint_place(lint, ""), TW_WARNING, "reload",
		                      "see to that, and try it with --boot", e,
		                      "there was no shadow boot, the rules alone judged: %s",
		                      why.msg);
	*e = why;
	return false;
}

/* resume_run is --resume: nobody else comes to end a pause that a killed run has left. */
static bool
resume_run(const struct tw_lint *lint, struct tw_pg_params *p, tw_ms deadline,
           struct tw_findings *f, struct tw_err *e)
{
	PGconn *conn = NULL;
	bool resumed = false;
	bool ok = tw_admin_connect(p, deadline, &conn, e) &&
	          tw_admin_resume(conn, deadline, &resumed, e);

	PQfinish(conn);
	return ok && (!resumed || tw_finding_add(f, tw_lint_place(lint, ""), TW_WARNING, "reload",
	                                         "ask who did", e,
	                                         "PgBouncer was paused, and goes on now (RESUME)"));
}

/* reload_run is --reload: what went before decides whether PgBouncer is asked at all. */
static bool
reload_run(const struct options *o, const struct tw_lint *lint, struct report *r,
           struct tw_findings *f, struct tw_err *e)
{
	tw_ms deadline = tw_pg_now() + o->timeout * 1000;
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	bool ok = tw_pg_dsn_read(o->reload, NULL, &p, e) &&
	          tw_pg_params_default(&p, "fallback_application_name", name, e) &&
	          (!o->resume || resume_run(lint, &p, deadline, f, e)) &&
	          tw_reload(lint, tw_findings_worst(f) < TW_ERROR, &p, deadline, o->previous,
	                    &r->reload, f, e);

	tw_pg_params_free(&p);
	return ok;
}

/*
 * read_file reads and parses the file. Of one that is to be reloaded and is no configuration at all
 * the old one comes back: PgBouncer would not start with it.
 */
static bool
read_file(const struct options *o, struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	struct tw_err back = TW_ERR_INIT;

	if (tw_lint_read(lint, f, e))
		return true;
	if (o->previous != NULL && e->exit == EX_DATAERR)
		tw_hint(e, "PgBouncer was not reloaded: %s",
		        tw_reload_back(lint, o->previous, &back) ? "the old file is back."
		                                                 : back.msg);
	return false;
}

/* report writes what was found. */
static bool
report(const struct options *o, const struct report *r, struct tw_err *e)
{
	return o->json ? report_json(r, e) : report_print(r, o->quiet, e);
}

/* file_judge does all that the options ask for; *code is the exit code where nothing fails. */
static bool
file_judge(const struct options *o, struct tw_lint *lint, const char *binary, int *code,
           struct tw_findings *f, struct tw_err *e)
{
	struct tw_boot boot = TW_BOOT_INIT;
	struct tw_live live = { 0 };
	struct report r = {
		lint, f, false, NULL, o->live ? &live : NULL, o->reload != NULL, TW_RELOAD_REFUSED
	};
	bool ok = read_file(o, lint, f, e) && tw_lint_rules(lint, f, e);

	r.refused = tw_findings_worst(f) == TW_REFUSED;
	ok = ok && boot_check(o, lint, binary, &boot, &r, f, e) &&
	     (o->live == NULL || live_check(o, lint, &live, f, e)) &&
	     (o->reload == NULL || reload_run(o, lint, &r, f, e));
	*code = o->reload != NULL ? r.reload != TW_RELOAD_DONE
	                          : tw_findings_worst(f) >= (o->errors ? TW_ERROR : TW_WARNING);
	tw_findings_sort(f);
	ok = ok && report(o, &r, e);
	tw_boot_free(&boot);
	return ok;
}

/* run_lint: 1 where something was found. */
static int
run_lint(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	const char *binary = binary_find(o);
	struct tw_lint lint = TW_LINT_INIT;
	struct tw_findings findings = TW_FINDINGS_INIT;
	int code = 0;
	bool ok;

	tw_pg_environment_clear(true);
	ok = (o->pids.n == 0 || o->live != NULL || tw_fail(e, EX_USAGE, "--pid needs --live")) &&
	     (o->previous == NULL || o->reload != NULL ||
	      tw_fail(e, EX_USAGE, "--previous needs --reload")) &&
	     (!o->resume || o->reload != NULL || tw_fail(e, EX_USAGE, "--resume needs --reload")) &&
	     (n == 1 || o->keys || tw_fail(e, EX_USAGE, "which file?")) &&
	     version_find(o, binary, &lint.version, e);
	if (ok && o->keys)
		return keys_print(lint.version, e) ? 0 : e->exit;
	if (ok) {
		lint.path = operands[0];
		lint.user = o->user != NULL ? o->user : tw_lint_user(lint.path);
		lint.descriptors = o->descriptors;
		lint.elsewhere = o->elsewhere;
		lint.staged = o->staged;
		ok = file_judge(o, &lint, binary, &code, &findings, e);
	}
	tw_findings_free(&findings);
	tw_lint_free(&lint);
	return ok ? code : e->exit;
}

#define OPT(field) .offset = offsetof(struct options, field)

static const struct tw_opt opts[] = {
	{ .name = "pgbouncer-version",
	  .arg = "X.Y.Z",
	  .help = "judge for this version, or any (default: the installed one)",
	  .type = TW_OPT_STRING,
	  OPT(version) },
	{ .name = "binary",
	  .arg = "PATH",
	  .help = "the PgBouncer that is meant (default: the installed one)",
	  .type = TW_OPT_STRING,
	  OPT(binary) },
	{ .name = "boot",
	  .help = "start that PgBouncer on a copy, aside, and read back what it makes of it",
	  .type = TW_OPT_FLAG,
	  OPT(boot) },
	{ .name = "user",
	  .arg = "NAME",
	  .help = "whose process PgBouncer is (default: as the file's owner or group tells)",
	  .type = TW_OPT_STRING,
	  OPT(user) },
	{ .name = "descriptors",
	  .arg = "N",
	  .help = "how many files it may open (default: not known)",
	  .type = TW_OPT_INT,
	  OPT(descriptors),
	  .min = 1,
	  .max = 2147483647 },
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
	{ .name = "reload",
	  .arg = "DSN",
	  .help = "if it is sound, have the PgBouncer there read it, and see that it has",
	  .type = TW_OPT_STRING,
	  OPT(reload) },
	{ .name = "previous",
	  .arg = "DIR",
	  .help = "has the files as they were, to be put back if it has not (with --reload)",
	  .type = TW_OPT_STRING,
	  OPT(previous) },
	{ .name = "resume",
	  .help = "if it is paused, have it go on, before all else (with --reload)",
	  .type = TW_OPT_FLAG,
	  OPT(resume) },
	{ .name = "staged",
	  .arg = "DIR",
	  .help = "take the files that it names from there, where they will come from",
	  .type = TW_OPT_STRING,
	  OPT(staged) },
	{ .name = "timeout",
	  .arg = "SECONDS",
	  .help = "give up on a console, or a boot, after this time (5)",
	  .type = TW_OPT_INT,
	  OPT(timeout),
	  .min = 1,
	  .max = 3600 },
	{ .name = "elsewhere",
	  .help = "judge for another host: this one's files and accounts do not count",
	  .type = TW_OPT_FLAG,
	  OPT(elsewhere) },
	{ .name = "errors",
	  .help = "exit 0 where there are warnings only",
	  .type = TW_OPT_FLAG,
	  OPT(errors) },
	{ .name = "keys",
	  .help = "print the settings table of that version as JSON, and judge nothing",
	  .type = TW_OPT_FLAG,
	  OPT(keys) },
	{ .name = "json", .help = "print a report", .type = TW_OPT_FLAG, OPT(json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print findings only, and no notes",
	  .type = TW_OPT_FLAG,
	  OPT(quiet) },
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "PGBOUNCER_INI", 0, 1, "judge a configuration file of PgBouncer", opts, run_lint },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		name, "judge a configuration of PgBouncer, and compare it with the one that runs",
		commands
	};
	struct options o = { .timeout = 5 };

	return program_main(&program, argc, argv, &o);
}
