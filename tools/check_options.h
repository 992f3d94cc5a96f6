/* SPDX-License-Identifier: ISC */
/* check_options.h: the command line of twpool-check, and what is to be asked for it. */
#pragma once

#include "check/asking.h"
#include "check/report.h"
#include "base/opt.h"

#define CHECK_NAME "twpool-check"

struct check_options {
	const char *instance; /* the name of this one of several, or NULL; no option */
	const char *postgres, *db, *format, *remember, *output, *dialect, *textfile, *state,
	    *explain_line, *action, *host, *port, *user;
	struct tw_list dsns, sites, logins, warnings, criticals, only, pools;
	double timeout, freeze_after, watch, login_timeout;
	bool quiet, explain;
	int verbose;
};

extern const struct tw_opt check_opts[];

/*
 * check_questions turns the options into questions and thresholds. EX_USAGE; errors of
 * tw_asking_site and tw_asking_dsn.
 */
bool check_questions(const struct check_options *o, struct tw_asking *a, struct tw_thresholds *t,
                     tw_check_set *set, struct tw_err *e);

/* check_state_path is the file in which this run finds what the last one left, or NULL. */
const char *check_state_path(const struct check_options *o);
