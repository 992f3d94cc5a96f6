/* SPDX-License-Identifier: ISC */
/* twpool-dsn: finds DSNs in sources and configurations, moves their port and host, and back. */
#include "dsn/dsn_plan.h"
#include "dsn_verify.h"
#include "program.h"

struct options {
	long to_port, from_port, max_length;
	const char *to_host, *record;
	struct tw_list from_hosts, from_dbnames, accept;
	bool dry_run, json, quiet, plain;
	struct dsn_verify verify;
};

/* What find and show print: lines, or a list for the report. */
struct printing {
	bool quiet;
	json_t *list; /* NULL: lines */
};

/* found_print prints one DSN, or keeps it for the report. */
static bool
found_print(const char *path, const struct tw_dsn_found *f, struct printing *p, struct tw_err *e)
{
	struct tw_buf line = TW_BUF_INIT;
	bool ok;

	if (p->list != NULL)
		return json_array_append_new(p->list, tw_dsn_json(path, f)) == 0 ||
		       tw_fail(e, EX_OSERR, "out of memory");
	ok = tw_dsn_record(path, f, &line, e);
	if (ok)
		fputs(tw_buf_text(&line), stdout);
	tw_buf_free(&line);
	return ok;
}

/* find_visit prints the DSNs of one file, or why it was skipped. */
static bool
find_visit(const char *path, const struct tw_dsn_list *list, const struct tw_err *skipped,
           void *arg, struct tw_err *e)
{
	struct printing *p = arg;
	bool ok = true;

	if (skipped != NULL && !p->quiet)
		fprintf(stderr, "twpool-dsn: skipped: %s\n", skipped->msg);
	for (size_t i = 0; ok && list != NULL && i < list->n; i++)
		ok = found_print(path, &list->item[i], p, e);
	return ok;
}

/* report_print prints the list of a report, if it is one and all went well. */
static bool
report_print(struct printing *p, bool ok, struct tw_err *e)
{
	json_t *report;

	if (p->list == NULL)
		return ok;
	report = tw_json_report("twpool-dsn", "ok");
	json_object_set_new(report, "dsns", p->list);
	if (ok)
		return program_print(report, e);
	json_decref(report);
	return false;
}

/* run_find lists the DSNs below directories. */
static int
run_find(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct printing p = { o->quiet, o->json ? json_array() : NULL };
	bool ok = true;

	for (int i = 0; ok && i < n; i++)
		ok = tw_dsn_find(operands[i], find_visit, &p, e);
	return report_print(&p, ok, e) ? 0 : e->exit;
}

/* show_one lists the DSNs that one operand means; EX_DATAERR where there is none. */
static bool
show_one(const char *operand, bool plain, struct printing *p, struct tw_err *e)
{
	struct tw_dsn_locator l = TW_DSN_LOCATOR_INIT;
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_buf bytes = TW_BUF_INIT;
	struct tw_place at = { 0, 0, 0 };
	struct tw_source src;
	bool any = false, ok = tw_dsn_locator_parse(operand, &l, e) &&
	                       tw_dsn_load(l.path, plain, &bytes, NULL, &list, e);

	src = (struct tw_source){ l.path, tw_buf_text(&bytes), bytes.len, plain };
	ok = ok && tw_dsn_locate(&src, &l, &at, e);
	for (size_t i = 0; ok && i < list.n; i++) {
		if (!tw_dsn_located(&list.item[i], &l, &at))
			continue;
		any = true;
		ok = found_print(l.path, &list.item[i], p, e);
	}
	if (ok && !any)
		ok = tw_fail(e, EX_DATAERR, "no DSN at '%s'", operand);
	tw_dsn_list_free(&list);
	tw_buf_free(&bytes);
	tw_dsn_locator_free(&l);
	return ok;
}

/* run_show lists the DSNs of files. */
static int
run_show(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct printing p = { o->quiet, o->json ? json_array() : NULL };
	bool ok = true;

	for (int i = 0; ok && i < n; i++)
		ok = show_one(operands[i], o->plain, &p, e);
	return report_print(&p, ok, e) ? 0 : e->exit;
}

/* plan_finish carries a plan out, or previews it, and prints; returns the exit code. */
static int
plan_finish(const struct options *o, const struct tw_dsn_plan *plan, struct tw_err *e)
{
	const char *status = !tw_dsn_plan_changes(plan) ? "unchanged"
	                     : o->dry_run               ? "would change"
	                                                : "changed";
	struct tw_buf text = TW_BUF_INIT;
	bool ok = o->dry_run || tw_dsn_plan_write(plan, o->record, e);

	if (ok && o->json)
		ok = program_print(tw_dsn_plan_report(plan, status), e);
	else if (ok && o->dry_run)
		ok = tw_dsn_plan_diff(plan, &text, e);
	else if (ok && !o->quiet)
		ok = tw_dsn_plan_lines(plan, &text, e);
	if (ok)
		fputs(tw_buf_text(&text), stdout);
	tw_buf_free(&text);
	return !ok ? e->exit : o->dry_run && tw_dsn_plan_changes(plan) ? 1 : 0;
}

/* run_set moves one DSN for each operand. */
static int
run_set(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_dsn_wanted wanted = {
		.from_port = o->from_port,
		.from_hosts = o->from_hosts.item,
		.n_hosts = o->from_hosts.n,
		.from_dbnames = o->from_dbnames.item,
		.n_dbnames = o->from_dbnames.n,
		.to = { o->to_host, o->to_port },
		.accept = o->accept.item,
		.n_accept = o->accept.n,
		.plain = o->plain,
		.max_length = o->max_length,
	};
	struct tw_dsn_plan plan = TW_DSN_PLAN_INIT;
	struct tw_buf notes = TW_BUF_INIT;
	bool ok = o->to_port != 0 || tw_fail(e, EX_USAGE, "--to-port PORT is required");
	int code;

	for (size_t i = 0; ok && i < o->accept.n; i++)
		ok = tw_dsn_breaks_known(o->accept.item[i]) ||
		     tw_fail(e, EX_USAGE, "'%s' is nothing to accept", o->accept.item[i]);
	ok = ok && (o->to_host == NULL || tw_dsn_host_check(o->to_host, e)) &&
	     tw_dsn_plan_set(operands, (size_t)n, &wanted, &plan, &notes, e);
	if (!ok || !o->quiet)
		fputs(tw_buf_text(&notes), stderr);
	code = ok ? plan_finish(o, &plan, e) : e->exit;
	tw_buf_free(&notes);
	tw_dsn_plan_free(&plan);
	return code;
}

/* run_revert takes back what a record says. */
static int
run_revert(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_dsn_plan plan = TW_DSN_PLAN_INIT;
	int code = tw_dsn_plan_revert(operands[0], &plan, e) ? plan_finish(o, &plan, e) : e->exit;

	(void)n;
	tw_dsn_plan_free(&plan);
	return code;
}

/* run_verify tells who still comes directly. */
static int
run_verify(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;

	(void)n;
	(void)operands;
	return dsn_verify(&o->verify, "twpool-dsn", o->json, o->quiet, e);
}

/* The options that several commands have. */
#define FLAG(word, ch, text, member)                                           \
	{                                                                      \
		.name = word, .letter = ch, .help = text, .type = TW_OPT_FLAG, \
		.offset = offsetof(struct options, member)                     \
	}
#define ARG(word, what, text, kind, member)                            \
	{                                                              \
		.name = word, .arg = what, .help = text, .type = kind, \
		.offset = offsetof(struct options, member)             \
	}
#define NUMBER(word, what, text, member, most)                                    \
	{                                                                         \
		.name = word, .arg = what, .help = text, .type = TW_OPT_INT,      \
		.offset = offsetof(struct options, member), .min = 1, .max = most \
	}
#define OPT_JSON FLAG("json", 0, "print a report as JSON", json)
#define OPT_DRY_RUN FLAG("dry-run", 'n', "print what would change, and change nothing", dry_run)

static const struct tw_opt find_opts[] = {
	OPT_JSON,
	FLAG("quiet", 'q', "do not say which files were skipped", quiet),
	{ 0 },
};

#define OPT_PLAIN FLAG("plain", 0, "read files of other kinds line by line", plain)

static const struct tw_opt show_opts[] = { OPT_PLAIN, OPT_JSON, { 0 } };

static const struct tw_opt set_opts[] = {
	NUMBER("to-port", "PORT", "the port that the DSN gets (required)", to_port, 65535),
	ARG("to-host", "HOST", "its host: a name, an address, a directory", TW_OPT_STRING, to_host),
	NUMBER("from-port", "PORT", "only a DSN with this port (none: 5432)", from_port, 65535),
	ARG("from-host", "HOST", "only a DSN with one of these hosts", TW_OPT_LIST, from_hosts),
	ARG("from-dbname", "NAME", "only a DSN with one of these databases", TW_OPT_LIST,
	    from_dbnames),
	ARG("accept", "KEYWORD", "move it although KEYWORD breaks through a pooler", TW_OPT_LIST,
	    accept),
	NUMBER("max-length", "BYTES", "refuse a DSN that would be longer", max_length, 65536),
	OPT_PLAIN,
	ARG("record", "EDITS", "write how to revert to a new file, mode 0600", TW_OPT_STRING,
	    record),
	OPT_DRY_RUN,
	OPT_JSON,
	FLAG("quiet", 'q', "print neither results nor warnings", quiet),
	{ 0 },
};

static const struct tw_opt verify_opts[] = {
	ARG("site", "FILE", "the site whose users and databases are meant (required)",
	    TW_OPT_STRING, verify.site),
	ARG("console", "DSN", "the pooler's console, if not the site's", TW_OPT_STRING,
	    verify.console),
	ARG("postgres", "DSN", "PostgreSQL, if not the site's as its superuser", TW_OPT_STRING,
	    verify.postgres),
	ARG("since", "TIME", "only those from 2026-11-24T20:15:00Z on (the server's restart)",
	    TW_OPT_STRING, verify.since),
	{ .name = "seconds",
	  .arg = "SECONDS",
	  .help = "wait for so long until nobody is left (10)",
	  .type = TW_OPT_NUMBER,
	  .max = 86400,
	  .offset = offsetof(struct options, verify.seconds) },
	OPT_JSON,
	FLAG("quiet", 'q', "print nothing when nobody is left", quiet),
	{ 0 },
};

static const struct tw_opt revert_opts[] = {
	OPT_DRY_RUN,
	OPT_JSON,
	FLAG("quiet", 'q', "print no results", quiet),
	{ 0 },
};

static const struct tw_command commands[] = {
	{ "find", "DIR...", 1, -1, "list the DSNs in sources and settings below directories",
	  find_opts, run_find },
	{ "show", "FILE[#/POINTER|:LINE]...", 1, -1, "list DSNs of files", show_opts, run_show },
	{ "set", "FILE[#/POINTER|:LINE]...", 1, -1, "move a DSN in each file", set_opts, run_set },
	{ "verify", "", 0, 0, "list the clients that still come to PostgreSQL directly",
	  verify_opts, run_verify },
	{ "revert", "EDITS", 1, 1, "take back exactly what set recorded", revert_opts, run_revert },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-dsn", "find the DSNs in a server's files, and move their port and host",
		commands
	};
	struct options o = { .verify.seconds = 10 };

	return program_main(&program, argc, argv, &o);
}
