/* SPDX-License-Identifier: ISC */
/* stress_plan.h: what the command line of twpool-stress asks for; its second part. */
#pragma once

#include "base/opt.h"
#include "stress/stress_report.h"

#define STRESS_NAME "twpool-stress"

struct stress_options {
	const char *dsn, *versus, *db;
	const char *site, *console, *postgres;
	const char *script, *builtin, *client, *protocol, *ledger;
	struct tw_list define;
	const char *json, *html, *sweep;
	long bots, rounds, pairs, logins_at_once;
	double duration, think, deadline, login_deadline, warmup, rate, login_rate;
	bool reconnect, come_back;
	double min_success, max_p99, max_overhead, freeze_after;
	long max_server_connections;
	bool quiet, verbose;
};

/* stress_options_check refuses (EX_USAGE) what does not go together. */
bool stress_options_check(const struct stress_options *o, struct tw_err *e);

/* stress_targets_read reads --dsn and --versus; errors as tw_pg_dsn_read. */
bool stress_targets_read(const struct stress_options *o, struct tw_stress *s, struct tw_err *e);

/* stress_clients_choose gives each target its client; errors as tw_target_client. */
bool stress_clients_choose(const struct stress_options *o, struct tw_stress *s, struct tw_err *e);

/* stress_sweep_read reads "50,100,200"; EX_USAGE. */
bool stress_sweep_read(const struct stress_options *o, struct tw_stress *s, struct tw_err *e);

/* stress_script_choose makes the bots' transaction; errors as tw_script_read. */
bool stress_script_choose(const struct stress_options *o, struct tw_script *script,
                          struct tw_err *e);

/* stress_sampler_read finds out whom to ask about server connections; errors of the site file. */
bool stress_sampler_read(const struct stress_options *o, struct tw_sampler *sampler,
                         struct tw_err *e);
