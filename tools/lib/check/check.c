/* SPDX-License-Identifier: ISC */
/* check.c: which checks there are, in the order in which they are judged and shown. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *id;
	bool (*judge)(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
	bool console; /* needs it to have answered */
	bool host;    /* and what the host says */
} checks[TW_CHECKS] = {
	[TW_CHECK_CONSOLE] = { "console", tw_check_console, true, false },
	[TW_CHECK_LISTENER] = { "listener", tw_check_listener, true, false },
	[TW_CHECK_FREEZE] = { "freeze", tw_check_freeze, true, false },
	[TW_CHECK_POOLS] = { "pools", tw_check_pools, true, false },
	[TW_CHECK_WAITS] = { "waits", tw_check_waits, true, true },
	[TW_CHECK_CLIENTS] = { "clients", tw_check_clients, true, false },
	[TW_CHECK_PROCESS] = { "process", tw_check_process, true, true },
	[TW_CHECK_VERSION] = { "version", tw_check_version, true, true },
	[TW_CHECK_CONFIG] = { "config", tw_check_config, true, false },
	[TW_CHECK_POSTGRES] = { "postgres", tw_check_postgres, false, false },
	[TW_CHECK_STRAGGLERS] = { "stragglers", tw_check_stragglers, true, false },
	[TW_CHECK_SECRETS] = { "secrets", tw_check_secrets, true, false },
	[TW_CHECK_LOGIN] = { "login", tw_check_login, false, false },
	[TW_CHECK_CERTIFICATES] = { "certificates", tw_check_certificates, true, true },
	[TW_CHECK_LOG] = { "log", tw_check_log, true, true },
	[TW_CHECK_ADVISORIES] = { "advisories", tw_check_advisories, true, true },
	[TW_CHECK_DEPLOY] = { "deploy", tw_check_deploy, true, true },
};

bool
tw_check_set_add(tw_check_set *set, const char *id, struct tw_err *e)
{
	char list[256] = "";

	for (size_t i = 0; i < TW_CHECKS; i++) {
		size_t used = strlen(list);

		if (strcmp(checks[i].id, id) == 0) {
			*set |= 1U << i;
			return true;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", checks[i].id);
	}
	tw_fail(e, EX_USAGE, "--only: there is no check '%s'", id);
	return tw_hint(e, "the checks are %s.", list);
}

void
tw_check_questions(tw_check_set set, struct tw_asking *a)
{
	bool known = a->sampler.postgres.n > 0;

	for (size_t i = 0; i < TW_CHECKS; i++) {
		a->console = a->console || ((set & 1U << i) != 0 && checks[i].console);
		a->host = a->host || ((set & 1U << i) != 0 && checks[i].host);
	}
	a->stragglers = known && a->site && (set & 1U << TW_CHECK_STRAGGLERS) != 0;
	a->secrets = known && geteuid() == 0 && (set & 1U << TW_CHECK_SECRETS) != 0;
	a->config = a->site && a->config_error.exit == 0 && (set & 1U << TW_CHECK_CONFIG) != 0;
	a->listener = (set & 1U << TW_CHECK_LISTENER) != 0;
	a->freeze = (set & 1U << TW_CHECK_FREEZE) != 0;
	a->postgres = known && (a->freeze || a->stragglers || a->secrets ||
	                        (set & 1U << TW_CHECK_POSTGRES) != 0);
}

bool
tw_check_possible(tw_check_set set, const struct tw_asking *a, struct tw_err *e)
{
	static const enum tw_check_id postgres[] = { TW_CHECK_FREEZE, TW_CHECK_POSTGRES,
		                                     TW_CHECK_STRAGGLERS, TW_CHECK_SECRETS };
	static const enum tw_check_id site[] = { TW_CHECK_CONFIG, TW_CHECK_STRAGGLERS };

	for (size_t i = 0; i < sizeof(site) / sizeof(*site); i++) {
		if ((set & 1U << site[i]) != 0 && !a->site)
			return tw_fail(e, EX_USAGE, "--only %s needs --site", checks[site[i]].id);
	}
	for (size_t i = 0; i < sizeof(postgres) / sizeof(*postgres); i++) {
		if ((set & 1U << postgres[i]) != 0 && a->sampler.postgres.n == 0)
			return tw_fail(e, EX_USAGE, "--only %s needs --postgres, or as root --site",
			               checks[postgres[i]].id);
	}
	return true;
}

/* linger_say adds to a result's sentence why it stands although its value is within the threshold.
 */
static void
linger_say(struct tw_result *r)
{
	size_t used = strlen(r->summary);

	snprintf(r->summary + used, sizeof(r->summary) - used,
	         " (better than its threshold, but not by a tenth)");
}

bool
tw_check_judge(tw_check_set set, const struct tw_asking *a, const struct tw_facts *f,
               const struct tw_thresholds *t, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_check_input in = { a, f, t };

	for (size_t i = 0; i < TW_CHECKS; i++) {
		if ((set & 1U << i) != 0 && !checks[i].judge(&in, v, e))
			return false;
	}
	for (size_t i = 0; i < v->n; i++) {
		if (v->item[i].lingers)
			linger_say(&v->item[i]);
	}
	return true;
}

bool
tw_check_moot(const struct tw_check_input *in, struct tw_result *r)
{
	r->moot = in->facts->console.how != TW_ASKED_OK;
	if (r->moot) {
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_HANGS);
		tw_result_say(r, "not asked: the console did not answer");
	}
	return r->moot;
}

bool
tw_check_late(const struct tw_answer *a, struct tw_result *r)
{
	r->moot = a->how == TW_ASKED_NOT;
	if (r->moot) {
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_TIME);
		tw_result_say(r, "not asked: no time was left");
	}
	return r->moot;
}
