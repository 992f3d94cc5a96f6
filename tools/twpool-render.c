/* SPDX-License-Identifier: ISC */
/* twpool-render: site.json, templates and secrets become PgBouncer's files or the host's. No
 * connection. */
#include "base/diff.h"
#include "base/file.h"
#include "base/mask.h"
#include "base/run.h"
#include "pg/secrets.h"
#include "program.h"
#include "render/render.h"
#include "site/keys.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MODE 0640
#define RUN_SECONDS 10

struct options {
	const char *site;
	const char *templates;
	const char *version;
	const char *out;
	const char *pooler, *check, *rollback, *lint;
	long secrets; /* a descriptor, or -1 */
	bool host;
	bool dry_run;
	bool quiet;
};

/* A file as it is on the host, beside what it is to become. */
struct target {
	struct tw_buf path;
	struct tw_buf text;
	struct stat st;
	bool exists;
	bool same; /* bytes, mode and owner are right: nothing to do */
};

/* options_check finds what is missing on the command line. */
static bool
options_check(const struct options *o, struct tw_err *e)
{
	if (o->site == NULL)
		return tw_fail(e, EX_USAGE, "--site FILE is required");
	if (o->out == NULL)
		return tw_fail(e, EX_USAGE, "--out DIR is required");
	if (o->host && (o->secrets >= 0 || o->version != NULL))
		return tw_fail(e, EX_USAGE, "--host excludes --secrets and --pgbouncer-version");
	if (!o->host && o->secrets < 0) {
		tw_fail(e, EX_USAGE, "--secrets FD is required");
		return tw_hint(e, "twpool-auth export --site FILE | twpool-render --secrets 0 ...");
	}
	return true;
}

/* templates_find appends the directory of our templates, installed or in a source checkout. */
static bool
templates_find(struct tw_buf *dir, struct tw_err *e)
{
	static const char *const places[] = { "../templates", "../../templates", NULL };
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	bool found = false;

	if (n < 0)
		return tw_fail_errno(e, EX_NOINPUT, "'/proc/self/exe'");
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (const char *const *p = places; !found && *p != NULL; p++) {
		struct tw_buf path = TW_BUF_INIT;
		char *real;

		if (!tw_buf_printf(&path, e, "%s/%s", exe, *p))
			return false;
		real = realpath(path.data, NULL);
		tw_buf_free(&path);
		if (real != NULL && !tw_buf_puts(dir, real, e)) {
			free(real);
			return false;
		}
		found = real != NULL;
		free(real);
	}
	return found || tw_fail(e, EX_NOINPUT, "'%s/../templates': no such directory", exe);
}

/* version_ask runs pgbouncer -V and reads the version out of its first line. */
static bool
version_ask(int *version, struct tw_err *e)
{
	/* /usr/sbin is not in everybody's PATH. */
	static const char *const names[] = { "pgbouncer", "/usr/sbin/pgbouncer" };
	struct tw_buf out = TW_BUF_INIT;
	char text[16];
	int status = 0;
	bool ok = false;

	for (size_t i = 0; i < 2 && !ok && (i == 0 || e->exit == EX_UNAVAILABLE); i++) {
		const char *argv[] = { names[i], "-V", NULL };

		ok = tw_run(argv, RUN_SECONDS, &out, &status, e);
	}
	if (ok && (status != 0 || sscanf(tw_buf_text(&out), "PgBouncer %15[0-9.]", text) != 1 ||
	           !tw_key_version(text, version, e)))
		ok = tw_fail(e, EX_UNAVAILABLE, "'pgbouncer -V' does not tell a version");
	tw_buf_free(&out);
	if (ok) {
		*e = (struct tw_err)TW_ERR_INIT; /* not in PATH, but found */
		return true;
	}
	e->exit = EX_UNAVAILABLE;
	return tw_hint(e, "Install PgBouncer, or name its version with --pgbouncer-version.");
}

/* pooler_make renders the pooler's files, with the secrets that come on the descriptor. */
static bool
pooler_make(const struct options *o, const struct tw_site *site, const char *templates,
            struct tw_rendering *r, struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT;
	json_t *secrets = NULL;
	int version = 0;
	bool ok = (o->version != NULL ? tw_key_version(o->version, &version, e)
	                              : version_ask(&version, e)) &&
	          tw_secrets_read((int)o->secrets, &text, e) &&
	          (secrets = tw_secrets_parse(tw_buf_text(&text), text.len, e)) != NULL &&
	          tw_render(site, secrets, templates, version, r, e);

	json_decref(secrets);
	tw_buf_free(&text);
	return ok;
}

/* rendering_make does the work in memory. */
static bool
rendering_make(const struct options *o, struct tw_rendering *r, struct tw_err *e)
{
	struct tw_render_programs programs = { o->pooler, o->check, o->rollback, o->lint };
	struct tw_buf dir = TW_BUF_INIT;
	struct tw_site site = TW_SITE_INIT;
	bool ok = tw_site_load(o->site, &site, e) &&
	          (o->templates != NULL ? tw_buf_puts(&dir, o->templates, e)
	                                : templates_find(&dir, e)) &&
	          (o->host ? tw_render_host(&site, &programs, dir.data, r, e)
	                   : pooler_make(o, &site, dir.data, r, e));

	tw_site_free(&site);
	tw_buf_free(&dir);
	return ok;
}

/* out_check finds out before the first byte is written that there is no directory. */
static bool
out_check(const struct options *o, struct tw_err *e)
{
	struct stat st;

	return o->dry_run || (stat(o->out, &st) == 0 && S_ISDIR(st.st_mode)) ||
	       tw_fail(e, EX_CANTCREAT, "'%s' is not a directory", o->out);
}

/* target_read looks at the file that is there now. */
static bool
target_read(const char *dir, int file, const struct tw_buf *new, struct target *t, struct tw_err *e)
{
	if (!tw_buf_printf(&t->path, e, "%s/%s", dir, tw_render_name(file)) ||
	    !tw_file_status(t->path.data, &t->st, &t->exists, e) ||
	    (t->exists && !tw_file_read(t->path.data, TW_FILE_LIMIT, &t->text, &t->st, e)))
		return false;
	t->same = t->exists &&
	          t->text.len == new->len &&memcmp(tw_buf_text(&t->text), new->data, new->len) ==
	              0 &&
	          (t->st.st_mode & 07777) == FILE_MODE && t->st.st_uid == geteuid() &&
	          t->st.st_gid == getegid();
	return true;
}

/* target_show prints what would happen to one file. */
static bool
target_show(const struct target *t, int file, const struct tw_buf *new, struct tw_err *e)
{
	bool userlist = file == TW_RENDER_USERLIST;
	struct tw_buf a = TW_BUF_INIT, b = TW_BUF_INIT, diff = TW_BUF_INIT;
	const char *label = t->exists ? t->path.data : "/dev/null";
	size_t changed = 0;
	bool ok = tw_mask(tw_buf_text(&t->text), t->text.len, userlist, &a, e) &&
	          tw_mask(tw_buf_text(new), new->len, userlist, &b, e) &&
	          tw_diff(label, &a, t->path.data, &b, &diff, e) &&
	          (!userlist || tw_mask_changed(&t->text, new, &changed, e));

	if (ok)
		fputs(tw_buf_text(&diff), stdout);
	if (ok && changed > 0)
		printf("%s: the secret of %zu user%s would change\n", tw_render_name(file), changed,
		       changed > 1 ? "s" : "");
	if (ok && t->exists &&
	    ((t->st.st_mode & 07777) != FILE_MODE || t->st.st_uid != geteuid() ||
	     t->st.st_gid != getegid()))
		printf("%s: mode %04o, owner %u:%u would become mode %04o, owner %u:%u\n",
		       tw_render_name(file), t->st.st_mode & 07777u, t->st.st_uid, t->st.st_gid,
		       FILE_MODE, geteuid(), getegid());
	tw_buf_free(&a);
	tw_buf_free(&b);
	tw_buf_free(&diff);
	return ok;
}

/* target_write replaces one file. */
static bool
target_write(const struct target *t, const struct tw_buf *new, struct tw_err *e)
{
	struct tw_attr attr = { .mode = FILE_MODE, .uid = geteuid(), .gid = getegid() };

	return tw_file_replace(t->path.data, new->data, new->len, &attr, e);
}

/* targets_do writes or shows what differs; *changed tells whether something did. */
static bool
targets_do(const struct options *o, const struct target *t, const struct tw_rendering *r,
           bool *changed, struct tw_err *e)
{
	bool ok = true;

	for (int i = r->first; ok && i < r->last; i++) {
		*changed = *changed || !t[i].same;
		if (!t[i].same)
			ok = o->dry_run ? target_show(&t[i], i, &r->file[i], e)
			                : target_write(&t[i], &r->file[i], e);
		if (ok && !o->dry_run && !o->quiet)
			fprintf(stderr, "%s %s\n", t[i].same ? "unchanged" : "wrote",
			        t[i].path.data);
	}
	return ok;
}

/* run_render renders, then looks at all present files, then writes the first. */
static int
run_render(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_rendering r = { 0 };
	struct target t[TW_RENDER_FILES] = { 0 };
	bool changed = false,
	     ok = options_check(o, e) && out_check(o, e) && rendering_make(o, &r, e);

	(void)n;
	(void)operands;
	for (int i = r.first; ok && i < r.last; i++)
		ok = target_read(o->out, i, &r.file[i], &t[i], e);
	ok = ok && targets_do(o, t, &r, &changed, e);
	for (int i = 0; i < TW_RENDER_FILES; i++) {
		tw_buf_free(&t[i].path);
		tw_buf_free(&t[i].text);
	}
	tw_rendering_free(&r);
	return ok ? o->dry_run && changed : e->exit;
}

/* free_wiped is free for jansson: among its strings are the secrets. */
static void
free_wiped(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static const struct tw_opt opts[] = {
	{ .name = "site",
	  .letter = 's',
	  .arg = "FILE",
	  .help = "the site file",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, site) },
	{ .name = "templates",
	  .arg = "DIR",
	  .help = "the templates (default: those of twpool)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, templates) },
	{ .name = "pgbouncer-version",
	  .arg = "X.Y.Z",
	  .help = "render for this version (default: ask pgbouncer -V)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, version) },
	{ .name = "secrets",
	  .arg = "FD",
	  .help = "read lines role<TAB>secret from this descriptor",
	  .type = TW_OPT_INT,
	  .offset = offsetof(struct options, secrets),
	  .max = 1023 },
	{ .name = "host",
	  .help = "render the files of a systemd host instead: units, logrotate, cron",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, host) },
	{ .name = "pooler",
	  .arg = "PATH",
	  .help = "of --host: PgBouncer's binary (/usr/sbin/pgbouncer)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, pooler) },
	{ .name = "check",
	  .arg = "PATH",
	  .help = "of --host: twpool-check (/usr/local/bin/twpool-check)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, check) },
	{ .name = "rollback",
	  .arg = "PATH",
	  .help = "of --host: twpool-rollback (/usr/local/bin/twpool-rollback)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, rollback) },
	{ .name = "lint",
	  .arg = "PATH",
	  .help = "of --host: twpool-lint, which then judges at every start (default: none does)",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, lint) },
	{ .name = "out",
	  .letter = 'o',
	  .arg = "DIR",
	  .help = "the directory of the files",
	  .type = TW_OPT_STRING,
	  .offset = offsetof(struct options, out) },
	{ .name = "dry-run",
	  .letter = 'n',
	  .help = "print a diff without secrets, change nothing",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, dry_run) },
	{ .name = "quiet",
	  .letter = 'q',
	  .help = "do not tell which files were written",
	  .type = TW_OPT_FLAG,
	  .offset = offsetof(struct options, quiet) },
	{ 0 },
};

static const struct tw_command commands[] = {
	{ NULL, "", 0, 0, NULL, opts, run_render },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct tw_program program = {
		"twpool-render", "render PgBouncer's configuration, or the host's, from site.json",
		commands
	};
	struct options o = { .pooler = "/usr/sbin/pgbouncer",
		             .check = "/usr/local/bin/twpool-check",
		             .rollback = "/usr/local/bin/twpool-rollback",
		             .secrets = -1 };

	json_set_alloc_funcs(malloc, free_wiped);
	signal(SIGCHLD, SIG_DFL); /* ignored ones would be reaped before we ask how they ended */
	return program_main(&program, argc, argv, &o);
}
