/* SPDX-License-Identifier: ISC */
/*
 * stress.h: runs of bots against one target or two by turns, with the pooler watched meanwhile.
 * Measures; stress_limits.h judges and stress_report.h tells.
 */
#pragma once

#include "figures.h"
#include "histogram.h"
#include "overhead.h"
#include "swarm.h"

/* Where bots go, and what came of it. */
struct tw_target {
	const char *name;           /* "dsn" or "versus" */
	struct tw_pg_params params; /* owned, as everything here */
	enum tw_client_kind kind;   /* who connects there */
	struct tw_wire_target wire; /* for our own client */
	size_t rounds;              /* that were run */
	struct tw_figures *round;
	struct tw_failures failures;  /* of all rounds */
	bool known, pooled;           /* a pooler answered, where `known` */
	long samples, failed_samples; /* of server connections */
	size_t points;                /* of the last round */
	struct tw_gauge_point *point;
	struct tw_histogram latencies, login_latencies; /* of all rounds */
};

/* One number of bots of a sweep, and what each target came to; NAN: not known. */
struct tw_sweep {
	long bots;
	double success[2], peak[2]; /* by TW_DSN and TW_VERSUS */
};

#define TW_SWEEP_MAX 16

/* TW_DSN is there always. */
enum { TW_DSN, TW_VERSUS, TW_TARGETS };

struct tw_stress {
	/* The plan. */
	struct tw_swarm_plan swarm; /* clients are set for each run; bots: as many as may log in */
	long bots_asked;
	long rounds, pairs;
	bool versus; /* there is a second target */
	struct tw_target target[TW_TARGETS];
	struct tw_sampler sampler; /* without a console: nothing is watched */
	long long freeze_us;       /* as in freeze.h */
	int listen_port;           /* of the console's pooler; 0: not known */
	const char *ledger_table;  /* NULL: there is no ledger */
	/* What is under way, for whoever tells of the progress. */
	long round;
	const struct tw_target *current;
	/* The result. */
	struct tw_overhead overhead;
	struct tw_err overhead_error; /* why it could not be measured */
	size_t sweep_n;               /* numbers of bots to try after the rounds */
	struct tw_sweep sweep[TW_SWEEP_MAX];
	struct tw_ledger ledger;
	char frozen[1024]; /* the pool that is, in one line; or "" */
	bool interrupted;
};

void tw_stress_free(struct tw_stress *s);

/*
 * tw_stress_prepare asks console and PostgreSQL where they are to be asked, lowers the number of
 * bots to the clients that the pooler still takes (but two), and raises our limit of descriptors.
 * Errors: as tw_sample_console; EX_TEMPFAIL where no client is free; EX_OSERR.
 */
bool tw_stress_prepare(struct tw_stress *s, struct tw_err *e);

/*
 * tw_stress_watched tells whether a target can be the pooler whose console is asked: its port is
 * the console's, or is not known. False before tw_stress_prepare, and without a console.
 */
bool tw_stress_watched(const struct tw_stress *s, const struct tw_target *t);

/*
 * tw_stress_run runs all rounds, each target once in each, in alternating order, then the pairs.
 * Ends early after a signal, and where a pool is frozen. That bots fail is no error.
 */
bool tw_stress_run(struct tw_stress *s, struct tw_err *e);

/* tw_target_label is "HOST:PORT" of a target, "[::1]:5432" for an IPv6 address. */
void tw_target_label(const struct tw_target *t, char *out, size_t size);

/* Our own client where it can do what a DSN asks for, else libpq; or one of them. */
enum tw_client_choice { TW_CLIENT_ANY, TW_CLIENT_ONLY_WIRE, TW_CLIENT_ONLY_LIBPQ };

/* tw_target_client gives a target with its params its client. Errors as tw_wire_target_read. */
bool tw_target_client(struct tw_target *t, enum tw_client_choice choice, struct tw_err *e);
