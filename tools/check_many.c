/* SPDX-License-Identifier: ISC */
/* check_many.c: which instances there are, a child for each, and their reports as one. */
#include "check/merge.h"
#include "check_give_up.h"
#include "check_many.h"
#include "check_one.h"
#include "base/run.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The child's own alarm comes 0.1 s after the time; who does not hear it is killed then, in ms. */
#define LATE_MS 150

/* One instance; its options are all, but for whom to ask. */
struct instance {
	char name[TW_POOL_NAME_SIZE];
	char site[4096], state[4096];
	struct check_options options;
};

struct instances {
	size_t n;
	struct instance *item; /* TW_PARTS_MAX of them */
};

/* is_directory tells whether a path is one. */
static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
check_are_many(const struct check_options *o)
{
	return o->dsns.n > 1 || o->sites.n > 1 ||
	       (o->sites.n == 1 && is_directory(o->sites.item[0]));
}

/* instance_add adds one that is asked by a DSN or a site; two of one name are refused. */
static bool
instance_add(struct instances *list, const struct check_options *o, const char *dsn,
             const char *site, const char *name, struct tw_err *e)
{
	struct instance *one = &list->item[list->n];
	const char *state = check_state_path(o);
	char plain[TW_POOL_NAME_SIZE];

	if (list->n == TW_PARTS_MAX)
		return tw_fail(e, EX_USAGE, "more than %d instances", TW_PARTS_MAX);
	*one = (struct instance){ .options = *o };
	snprintf(one->name, sizeof(one->name), "%s", name);
	for (char *c = one->name; *c != '\0'; c++)
		*c = iscntrl((unsigned char)*c) || strchr("|='", *c) != NULL ? '_' : *c;
	snprintf(plain, sizeof(plain), "%s", one->name);
	for (char *c = plain; *c != '\0'; c++)
		*c = *c == '/' ? '_' : *c;
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->item[i].name, one->name) == 0)
			return tw_fail(e, EX_USAGE, "two instances are called '%s'", one->name);
	}
	snprintf(one->site, sizeof(one->site), "%s", site != NULL ? site : "");
	if (state != NULL)
		snprintf(one->state, sizeof(one->state), "%s.%s", state, plain);
	one->options.instance = one->name;
	one->options.dsns = (struct tw_list){ .n = dsn != NULL, .item = { dsn } };
	one->options.sites = (struct tw_list){ .n = site != NULL, .item = { one->site } };
	one->options.state = state != NULL ? one->state : NULL;
	one->options.remember = NULL;
	list->n++;
	return true;
}

/* dsn_add adds the one that a DSN names: "/run/pgbouncer:6432". */
static bool
dsn_add(struct instances *list, const struct check_options *o, const char *dsn, struct tw_err *e)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	bool ok = tw_asking_dsn(dsn, CHECK_NAME, &p, e);
	const char *host = tw_pg_params_get(&p, "host"), *port = tw_pg_params_get(&p, "port");
	char name[TW_POOL_NAME_SIZE];

	snprintf(name, sizeof(name), "%s:%s", host != NULL ? host : "local",
	         port != NULL ? port : "5432");
	ok = ok && instance_add(list, o, dsn, NULL, name, e);
	tw_pg_params_free(&p);
	return ok;
}

/* site_add adds the one of a site's file. */
static bool
site_add(struct instances *list, const struct check_options *o, const char *site, struct tw_err *e)
{
	const char *slash = strrchr(site, '/'), *base = slash != NULL ? slash + 1 : site;
	char name[TW_POOL_NAME_SIZE];
	size_t n;

	snprintf(name, sizeof(name), "%s", base);
	n = strlen(name);
	if (n > 5 && strcmp(name + n - 5, ".json") == 0)
		name[n - 5] = '\0';
	return instance_add(list, o, NULL, site, name, e);
}

/* is_site takes the files of a directory that are sites: those that end in .json. */
static int
is_site(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* directory_add adds all of a directory, by name. */
static bool
directory_add(struct instances *list, const struct check_options *o, const char *path,
              struct tw_err *e)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, is_site, alphasort);
	bool ok = n > 0;

	if (n < 0)
		tw_fail_errno(e, EX_NOINPUT, "'%s'", path);
	else if (n == 0)
		tw_fail(e, EX_NOINPUT, "'%s': no site in it: none of its files ends in .json",
		        path);
	for (int i = 0; i < n; i++) {
		char site[4096];

		snprintf(site, sizeof(site), "%s/%s", path, names[i]->d_name);
		ok = ok && site_add(list, o, site, e);
		free(names[i]);
	}
	free(names);
	return ok;
}

/* instances_find lists them; EX_USAGE for options that belong to one pooler. */
static bool
instances_find(const struct check_options *o, struct instances *list, struct tw_err *e)
{
	bool ok = true;

	if (o->dsns.n > 0 && o->sites.n > 0)
		return tw_fail(e, EX_USAGE, "several instances are given by --dsn or by --site");
	if (o->host != NULL || o->port != NULL || o->logins.n > 0 || o->watch > 0)
		return tw_fail(e, EX_USAGE,
		               "--host, --port, --login and --watch are for one instance");
	for (size_t i = 0; ok && i < o->dsns.n; i++)
		ok = dsn_add(list, o, o->dsns.item[i], e);
	for (size_t i = 0; ok && i < o->sites.n; i++)
		ok = is_directory(o->sites.item[i]) ? directory_add(list, o, o->sites.item[i], e)
		                                    : site_add(list, o, o->sites.item[i], e);
	return ok;
}

/* instance_check is a child: its report, and behind a NUL the metrics of --textfile. */
static int
instance_check(const void *arg)
{
	const struct instance *one = arg;
	enum tw_format format = TW_FORMAT_NAGIOS;
	struct tw_buf out = TW_BUF_INIT, metrics = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;
	int code;

	tw_format_read(one->options.format, &format, &e);
	code = check_one(&one->options, format, &out,
	                 one->options.textfile != NULL ? &metrics : NULL, &e);
	printf("%s%c%s", tw_buf_text(&out), '\0', tw_buf_text(&metrics));
	tw_buf_free(&metrics);
	tw_buf_free(&out);
	return code;
}

/* part_judge makes sure that there is a report, and takes its status. */
static enum tw_status
part_judge(struct tw_part *p, const struct instance *one, enum tw_format format)
{
	struct tw_err e = p->e;
	const char *end = p->out.len > 0 ? memchr(p->out.data, '\0', p->out.len) : NULL;

	if (e.exit == 0 && p->status <= TW_STATUS_UNKNOWN && end != NULL && end > p->out.data)
		return (enum tw_status)p->status;
	if (e.exit == EX_TEMPFAIL || (e.exit == 0 && p->status == TW_STATUS_UNKNOWN))
		tw_fail(&e, EX_TEMPFAIL, "%s", CHECK_LATE);
	else if (e.exit == 0)
		tw_fail(&e, EX_SOFTWARE, "the check itself ended with %d", p->status);
	tw_buf_free(&p->out);
	p->e = (struct tw_err)TW_ERR_INIT;
	if (one->options.textfile != NULL) {
		struct tw_err again = e;
		struct tw_buf metrics = TW_BUF_INIT;

		tw_report_error(&again, CHECK_NAME, one->name, TW_FORMAT_PROMETHEUS, &metrics);
		tw_report_error(&e, CHECK_NAME, one->name, format, &p->out);
		tw_buf_add(&p->out, "", 1, &again);
		tw_buf_puts(&p->out, tw_buf_text(&metrics), &again);
		tw_buf_free(&metrics);
	} else {
		tw_report_error(&e, CHECK_NAME, one->name, format, &p->out);
	}
	return TW_STATUS_UNKNOWN;
}

/* metrics_write writes what --textfile asks for. */
static bool
metrics_write(const char *path, const struct tw_merge *reports, const struct tw_part *parts,
              size_t n, struct tw_err *e)
{
	struct tw_merge metrics[TW_PARTS_MAX];
	struct tw_buf text = TW_BUF_INIT;
	bool ok;

	for (size_t i = 0; i < n; i++) {
		const char *report = reports[i].text;
		size_t length = strlen(report) + 1;

		metrics[i] = reports[i];
		metrics[i].text = length < parts[i].out.len ? report + length : "";
	}
	ok = tw_merge_metrics(metrics, n, &text, e) && check_file_write(path, &text, e);
	tw_buf_free(&text);
	return ok || tw_context(e, "--textfile");
}

/* instances_check asks all and appends the one report. */
static int
instances_check(const struct check_options *o, const struct instances *list, enum tw_format format,
                struct tw_buf *out, struct tw_err *e)
{
	struct tw_part parts[TW_PARTS_MAX] = { 0 };
	struct tw_merge reports[TW_MERGE_MAX];
	struct tw_buf lost = TW_BUF_INIT;
	struct tw_err failed = TW_ERR_INIT;
	size_t n = list->n;
	int code = TW_STATUS_UNKNOWN;

	for (size_t i = 0; i < n; i++)
		parts[i].arg = &list->item[i];
	tw_run_parts(instance_check, parts, n, CHECK_NAME,
	             (long long)(o->timeout * 1000) + LATE_MS);
	for (size_t i = 0; i < n; i++) {
		reports[i].name = list->item[i].name;
		reports[i].status = part_judge(&parts[i], &list->item[i], format);
		reports[i].text = tw_buf_text(&parts[i].out);
	}
	/* That the metrics could not be written is a result, beside all others. */
	if (o->textfile != NULL && !metrics_write(o->textfile, reports, parts, n, &failed)) {
		tw_report_error(&failed, CHECK_NAME, CHECK_NAME, format, &lost);
		reports[n++] = (struct tw_merge){ CHECK_NAME, TW_STATUS_UNKNOWN,
			                          tw_buf_text(&lost) };
	}
	if (tw_merge(reports, n, CHECK_NAME, format, out, e))
		code = (int)tw_merge_status(reports, n);
	tw_buf_free(&lost);
	tw_parts_free(parts, list->n);
	return code;
}

int
check_many(const struct check_options *o, enum tw_format format, struct tw_buf *out,
           struct tw_err *e)
{
	struct instances list = { .item = calloc(TW_PARTS_MAX, sizeof(*list.item)) };
	int code = TW_STATUS_UNKNOWN;

	if (list.item == NULL)
		tw_fail(e, EX_OSERR, "out of memory");
	else if (instances_find(o, &list, e))
		code = instances_check(o, &list, format, out, e);
	if (e->exit != 0) {
		tw_buf_free(out);
		tw_report_error(e, CHECK_NAME, NULL, format, out);
		code = TW_STATUS_UNKNOWN;
	}
	free(list.item);
	return code;
}
