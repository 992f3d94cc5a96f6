/* SPDX-License-Identifier: ISC */
/* check_host.c: the pooler's process, and what lies beside it on its host. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Why these are left out. */
static const char no_process[] =
    "its process is known only where the console is asked over its Unix socket";
static const char no_program[] =
    "the program of the process is known to root, to PgBouncer's OS user, and where it was started "
    "by its path";

/* mebibytes is a number of bytes for people. */
static double
mebibytes(long long bytes)
{
	return (double)bytes / (1024 * 1024);
}

/* process_measure adds the values, U where not known: the labels are the same in every state. */
static void
process_measure(const struct tw_check_input *in, struct tw_result *r)
{
	const struct tw_process *p = &in->facts->host.process;
	bool estimated, known = in->facts->console.how == TW_ASKED_OK && p->pid > 0;
	double descriptors = NAN, memory = NAN;

	if (known) {
		descriptors = (double)tw_process_descriptors(p, &in->facts->sample, &estimated);
		memory = p->memory_bytes >= 0 ? (double)p->memory_bytes : NAN;
		tw_result_say(r, "%.0f%s of %ld descriptors, %.1f of %.0f MiB of memory",
		              descriptors, estimated ? " (estimated)" : "", p->descriptors_most,
		              mebibytes(p->memory_bytes), mebibytes(p->memory_most_bytes));
	}
	tw_result_measure(r, in->thresholds, TW_METRIC_DESCRIPTORS, descriptors,
	                  known ? (double)p->descriptors_most : NAN);
	tw_result_measure(r, in->thresholds, TW_METRIC_MEMORY, memory,
	                  known ? (double)p->memory_most_bytes : NAN);
}

bool
tw_check_process(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const char *host = tw_pg_params_get(&in->asking->sampler.console, "host");
	bool answered = in->facts->console.how == TW_ASKED_OK;
	struct tw_result *r;

	if (answered ? in->facts->host.process.pid == 0 : host != NULL && *host != '/')
		return tw_verdict_unjudged(v, "process", no_process);
	r = tw_verdict_add(v, "process", e);
	if (r == NULL)
		return false;
	tw_check_moot(in, r);
	process_measure(in, r);
	return true;
}

bool
tw_check_version(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_process *p = &in->facts->host.process;
	const char *runs = in->facts->sample.version;
	struct tw_result *r;

	if (in->facts->console.how != TW_ASKED_OK)
		return true; /* the process says so */
	if (p->pid == 0 || p->program[0] == '\0')
		return tw_verdict_unjudged(v, "version", p->pid == 0 ? no_process : no_program);
	r = tw_verdict_add(v, "version", e);
	if (r == NULL)
		return false;
	tw_result_say(r, "%s is what runs: %s", p->program, runs);
	if (!p->replaced)
		return true;
	tw_result_raise(r, TW_STATUS_WARNING, TW_CAUSE_REPLACED);
	if (p->on_disk[0] != '\0' && strcmp(p->on_disk, runs) != 0)
		tw_result_say(r, "PgBouncer %s runs, %s is %s: it waits for a restart", runs,
		              p->program, p->on_disk);
	else
		tw_result_say(r,
		              "%s was replaced after PgBouncer %s was started: it waits for a "
		              "restart",
		              p->program, runs);
	return true;
}

/* certificate_judge judges one file. */
static void
certificate_judge(const struct tw_host_certificate *c, const struct tw_thresholds *t,
                  struct tw_result *r)
{
	double days = NAN;

	r->object = c->key;
	if (c->e.exit == 0) {
		days = floor((double)(c->until - (long long)time(NULL)) / 86400);
		tw_result_say(r, "%s %s %s %.0f days", c->key, c->path,
		              days < 0 ? "has ended since" : "is good for", fabs(days));
	} else {
		tw_result_raise(r, TW_STATUS_WARNING, TW_CAUSE_CERTIFICATE);
		tw_result_say(r, "%s: %s", c->key, c->e.msg);
	}
	tw_result_measure(r, t, TW_METRIC_CERTIFICATE, days, NAN);
}

bool
tw_check_certificates(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_host *h = &in->facts->host;

	for (size_t i = 0; i < h->certificates; i++) {
		struct tw_result *r;

		if (h->certificate[i].e.exit == EX_NOPERM) {
			tw_verdict_unjudged(v, "certificates",
			                    "a file of certificates is closed to this user");
			continue;
		}
		/* Whose paths are another host's, cannot be told from one that is missing. */
		if (h->process.pid == 0)
			return tw_verdict_unjudged(v, "certificates", no_process);
		r = tw_verdict_add(v, "certificates", e);
		if (r == NULL)
			return false;
		certificate_judge(&h->certificate[i], in->thresholds, r);
	}
	return true;
}

bool
tw_check_log(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	static const char *const words[] = {
		[TW_LOG_GOOD] = "can be written",
		[TW_LOG_ABSENT] = "is in a directory that does not exist",
		[TW_LOG_CLOSED] = "is in a directory that is closed to the pooler's user",
		[TW_LOG_READONLY] = "is on a file system that is read-only",
		[TW_LOG_FULL] = "is on a file system that is full",
	};
	const struct tw_host *h = &in->facts->host;
	struct tw_result *r;

	if (in->facts->console.how != TW_ASKED_OK || h->log == TW_LOG_NONE)
		return true;
	if (h->log == TW_LOG_UNKNOWN)
		return tw_verdict_unjudged(v, "log",
		                           h->process.pid == 0
		                               ? no_process
		                               : "the directory of the log is closed to this user");
	r = tw_verdict_add(v, "log", e);
	if (r == NULL)
		return false;
	tw_result_say(r, "%s %s", h->log_path, words[h->log]);
	if (h->log != TW_LOG_GOOD)
		tw_result_raise(r, TW_STATUS_WARNING, TW_CAUSE_LOG);
	return true;
}

bool
tw_check_advisories(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_host *h = &in->facts->host;
	const struct tw_advisories *a = &h->advisories;
	bool moot = in->facts->console.how != TW_ASKED_OK;
	struct tw_result *r;

	if (!moot && !h->advised)
		return tw_verdict_unjudged(v, "advisories",
		                           "the list of advisories is not where it is installed, "
		                           "or cannot be read");
	r = tw_verdict_add(v, "advisories", e);
	if (r == NULL)
		return false;
	/* No WARNING of itself: distributions mend, and the number stays. */
	if (!tw_check_moot(in, r) && a->n == 0)
		tw_result_say(r, "PgBouncer %s: nothing known on %s", in->facts->sample.version,
		              a->date);
	else if (!moot)
		tw_result_say(r,
		              "PgBouncer %s is affected upstream by %s (known on %s); its package "
		              "may be mended: see its changelog",
		              in->facts->sample.version, a->names, a->date);
	tw_result_measure(r, in->thresholds, TW_METRIC_ADVISORIES, moot ? NAN : (double)a->n, NAN);
	return true;
}

bool
tw_check_deploy(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_host *h = &in->facts->host;
	struct tw_result *r;

	if (in->facts->console.how != TW_ASKED_OK || h->deploy == TW_DEPLOY_NONE)
		return true;
	if (h->deploy == TW_DEPLOY_UNKNOWN)
		return tw_verdict_unjudged(v, "deploy", "the records of deploys are root's");
	r = tw_verdict_add(v, "deploy", e);
	if (r == NULL)
		return false;
	tw_result_say(r, "generation %u is %s%s", h->generation, h->generation_state,
	              h->deploy == TW_DEPLOY_BUSY ? ", a deploy or rollback is under way"
	              : h->deploy == TW_DEPLOY_OPEN
	                  ? ", and no deploy or rollback is under way: the last one did not end"
	                  : "");
	if (h->deploy == TW_DEPLOY_OPEN)
		tw_result_raise(r, TW_STATUS_WARNING, TW_CAUSE_DEPLOY);
	return true;
}
