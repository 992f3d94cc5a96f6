/* SPDX-License-Identifier: ISC */
/* stress_plan.h: what the command line of twpool-stress asks for; its second part. */
#pragma once

#include "base/json.h"
#include "base/opt.h"
#include "stress/stress_report.h"

#define STRESS_NAME "twpool-stress"

struct stress_options {
	const char *dsn, *versus, *db;
	const char *site, *console, *postgres;
	const char *script, *builtin, *client, *protocol, *ledger;
	struct tw_list define;
	const char *json, *html, *sweep, *curve;
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

/*
 * stress_curve_read reads the curve of --curve, a report of twpool-size --tune --json; null where
 * there is no --curve. It is the caller's (json_decref); NULL on failure: EX_DATAERR where it is
 * something else, or as tw_json_load.
 */
json_t *stress_curve_read(const struct stress_options *o, struct tw_err *e);

/* stress_script_choose makes the bots' transaction; errors as tw_script_read. */
bool stress_script_choose(const struct stress_options *o, struct tw_script *script,
                          struct tw_err *e);

/* stress_sampler_read finds out whom to ask about server connections; errors of the site file. */
bool stress_sampler_read(const struct stress_options *o, struct tw_sampler *sampler,
                         struct tw_err *e);

/* A run tells its progress to one of these; `stress` is the struct tw_stress of the run. */
typedef void stress_progress(void *stress, const struct tw_swarm_now *now);

/*
 * stress_progress_choose is one line that changes on a terminal, a line every five seconds with
 * --verbose, else NULL; stress_progress_end wipes the line on the terminal.
 */
stress_progress *stress_progress_choose(const struct stress_options *o);
void stress_progress_end(const struct stress_options *o);

/*
 * stress_report prints the table and writes the files that were asked for. Without a table what was
 * missed goes to stderr. `curve` as of stress_curve_read; `code` is what the program will exit
 * with.
 */
bool stress_report(const struct stress_options *o, const struct tw_stress *s,
                   const struct tw_judged *v, json_t *curve, int code, struct tw_err *e);
