/* SPDX-License-Identifier: ISC */
/* twpool-site: checks site.json, hands its values to shell and takes its findings: no shell of ours
 * parses or composes JSON. */
#include "base/scrub.h"
#include "program.h"
#include "site/preflight.h"
#include "site/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *site, *tool;
	bool json;
	bool quiet;
};

/* run_check says that a site file is right, or where it is not. */
static int
run_check(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	bool ok = tw_site_load(operands[0], &site, e);
	json_t *report;

	(void)n;
	if (ok && o->json) {
		report = tw_json_report("twpool-site", "ok");
		json_object_set(report, "site", site.root);
		ok = program_print(report, e);
	} else if (ok && !o->quiet) {
		printf("%s: ok\n", operands[0]);
	}
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}

/* value_write writes one value and a NUL; a list's elements one after the other. */
static bool
value_write(const json_t *v, const char *key, struct tw_err *e)
{
	char *text = NULL;
	json_t *item;
	size_t i;

	if (json_is_object(v))
		return tw_fail(e, EX_USAGE, "'%s' is an object: name one of its keys", key);
	if (json_is_array(v)) {
		json_array_foreach (v, i, item) {
			if (!value_write(item, key, e))
				return false;
		}
		return true;
	}
	if (!json_is_string(v)) {
		text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		if (text == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
	}
	fputs(text != NULL ? text : json_string_value(v), stdout);
	putchar('\0');
	free(text);
	return true;
}

/* run_get writes the values of KEY... for mapfile -d ''. */
static int
run_get(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	bool ok = o->site != NULL ? tw_site_load(o->site, &site, e)
	                          : tw_fail(e, EX_USAGE, "--site FILE is required");

	for (int i = 0; ok && i < n; i++) {
		const json_t *v = tw_site_at(&site, operands[i], e);

		ok = v != NULL && value_write(v, operands[i], e);
	}
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}

/* input_read appends everything from standard input. */
static bool
input_read(struct tw_buf *b, struct tw_err *e)
{
	char part[4096];
	ssize_t n = 0;
	bool ok = true;

	while (ok && (n = read(STDIN_FILENO, part, sizeof(part))) != 0) {
		if (n < 0)
			ok = errno == EINTR || tw_fail_errno(e, EX_IOERR, "read standard input");
		else
			ok = tw_buf_add(b, part, (size_t)n, e);
	}
	explicit_bzero(part, sizeof(part)); /* what is to be scrubbed holds secrets */
	return ok;
}

/* run_findings prints what was found, and says by its exit code what that means. */
static int
run_findings(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_buf in = TW_BUF_INIT, table = TW_BUF_INIT;
	struct tw_preflight findings = TW_PREFLIGHT_INIT;
	bool ok = input_read(&in, e) && tw_preflight_read(&in, &findings, e);
	int code = 0;

	(void)n;
	(void)operands;
	if (ok && o->json)
		ok = program_print(tw_preflight_json(&findings, o->tool), e);
	else if (ok && (ok = tw_preflight_table(&findings, &table, e)))
		fputs(tw_buf_text(&table), stdout);
	if (ok)
		code = tw_preflight_exit(&findings);
	tw_preflight_free(&findings);
	tw_buf_free(&table);
	tw_buf_free(&in);
	return ok ? code : e->exit;
}

/* run_scrub copies standard input, without the secrets in it, once all of it is there. */
static int
run_scrub(const void *options, int n, char **operands, struct tw_err *e)
{
	struct tw_buf in = TW_BUF_INIT, out = TW_BUF_INIT;
	bool ok = input_read(&in, e) && tw_scrub(tw_buf_text(&in), in.len, NULL, 0, &out, e);

	(void)options;
	(void)n;
	(void)operands;
	if (ok)
		fwrite(tw_buf_text(&out), 1, out.len, stdout);
	tw_buf_free(&out);
	tw_buf_free(&in);
	return ok ? 0 : e->exit;
}

static const struct tw_opt check_opts[] = {
	{ .name = "json",
	  .help = "print the checked document with its defaults",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, json) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "print nothing when all is well",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, quiet) },
	{ 0 },
};

static const struct tw_opt get_opts[] = {
	{ .name = "site",
	  .letter = 's',
	  .arg = "FILE",
	  .help = "the site file",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, site) },
	{ 0 },
};

static const struct tw_opt findings_opts[] = {
	{ .name = "json",
	  .help = "print a report as JSON",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, json) },
	{ .name = "tool",
	  .arg = "NAME",
	  .help = "whose report it is (twpool-site)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, tool) },
	{ 0 },
};

static const struct tw_opt scrub_opts[] = { { 0 } };

static const struct tw_command commands[] = {
	{ "check", "FILE", 1, 1, "check a site file: every key, every type", check_opts,
	  run_check },
	{ "get", "KEY...", 1, -1, "print values, each ended by NUL; a list's elements likewise",
	  get_opts, run_get },
	{ "findings", "", 0, 0, "report NUL-ended level, id, text and remedy, again and again",
	  findings_opts, run_findings },
	{ "scrub", "", 0, 0, "copy standard input without the passwords and secrets in it",
	  scrub_opts, run_scrub },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = { "twpool-site",
		                                   "check site.json and hand its values to shell",
		                                   commands };
	struct options o = { .tool = "twpool-site" };

	return program_main(&program, argc, argv, &o);
}
