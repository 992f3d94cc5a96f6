/* SPDX-License-Identifier: ISC */
/* check.h: the checks: facts in, verdict out. Nothing here asks anybody. */
#pragma once

#include "facts.h"
#include "verdict.h"

enum tw_check_id {
	TW_CHECK_CONSOLE,
	TW_CHECK_LISTENER,
	TW_CHECK_FREEZE,
	TW_CHECK_POOLS,
	TW_CHECK_WAITS,
	TW_CHECK_CLIENTS,
	TW_CHECK_PROCESS,
	TW_CHECK_VERSION,
	TW_CHECK_CONFIG,
	TW_CHECK_POSTGRES,
	TW_CHECK_STRAGGLERS,
	TW_CHECK_SECRETS,
	TW_CHECK_LOGIN,
	TW_CHECK_CERTIFICATES,
	TW_CHECK_LOG,
	TW_CHECK_ADVISORIES,
	TW_CHECK_DEPLOY,
	TW_CHECKS,
};

/* A set of checks, one bit (1U << id) for each. */
typedef unsigned tw_check_set;

/* tw_check_set_add adds the check that is called `id`; EX_USAGE with the list of those known. */
bool tw_check_set_add(tw_check_set *set, const char *id, struct tw_err *e);

/* tw_check_questions sets which questions these checks need an answer to. */
void tw_check_questions(tw_check_set set, struct tw_asking *a);

/* tw_check_judge adds the results of all checks of the set. EX_OSERR. */
bool tw_check_judge(tw_check_set set, const struct tw_asking *a, const struct tw_facts *f,
                    const struct tw_thresholds *t, struct tw_verdict *v, struct tw_err *e);

/*
 * tw_check_possible refuses (EX_USAGE) the checks of a set that can never be made with what is to
 * be asked: for those that were asked for by name.
 */
bool tw_check_possible(tw_check_set set, const struct tw_asking *a, struct tw_err *e);

/* What one check judges by. */
struct tw_check_input {
	const struct tw_asking *asking;
	const struct tw_facts *facts;
	const struct tw_thresholds *thresholds;
};

/* The single checks; each adds its results. */
bool tw_check_console(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_listener(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_freeze(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_pools(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_clients(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_config(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_postgres(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_login(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_waits(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_process(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_version(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_stragglers(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_secrets(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_certificates(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_log(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_advisories(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);
bool tw_check_deploy(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e);

/*
 * tw_check_moot says of a result that its question could not be asked since the console did not
 * answer, and tells whether that is so.
 */
bool tw_check_moot(const struct tw_check_input *in, struct tw_result *r);

/* tw_check_late is the same for a question for which no time was left. */
bool tw_check_late(const struct tw_answer *a, struct tw_result *r);
