/* SPDX-License-Identifier: ISC */
/*
 * gauge.h: what is seen of pooler, PostgreSQL and host while bots are at work: samples over time in
 * a thread, and the CPU time of processes at the borders of the phases. Only what can be asked: the
 * rest is not known (NAN). Processes are known where console and PostgreSQL are asked over Unix
 * sockets of this host.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include "check/freeze.h"
#include "latency.h"

/* One moment; `seconds` since the run's beginning. -1: not known. */
struct tw_gauge_point {
	double seconds;
	bool playing;       /* in the phase of transactions */
	long clients;       /* of the pooler */
	long pooled;        /* server connections of the pooler, as PostgreSQL counts them */
	long direct;        /* other backends of the pools' roles */
	long active, limit; /* server connections at work; that there may be, 0: any number */
	long waiting;       /* clients */
	long long maxwait_us;
	long servers;       /* server connections that are logged in */
	long held;          /* of these, held by open transactions that do nothing */
	long long still_us; /* no held pool's backend has changed its state for so long */
	long locked;        /* backends that wait for a lock */
};

/* CPU time in seconds, cumulated, at one moment. */
struct tw_gauge_cpu {
	tw_us at;
	double pooler, postgres, idle;
};

/* The run begins; all are logged in; what is measured begins; it ends. */
enum tw_gauge_mark { TW_GAUGE_BEGIN, TW_GAUGE_IN, TW_GAUGE_PLAY, TW_GAUGE_END, TW_GAUGE_MARKS };

struct tw_gauge {
	struct tw_sampler *sampler; /* the caller's; without a console nothing is sampled */
	tw_ms interval, timeout;
	struct tw_freeze freeze;
	tw_us begun;
	size_t n, cap;
	struct tw_gauge_point *point;
	long samples, failed, postgres; /* taken; that could not be; with PostgreSQL's part */
	pid_t pooler_pid, postgres_pid; /* 0: not known */
	struct tw_gauge_cpu cpu[TW_GAUGE_MARKS];
	double pooler_pss, backend_pss; /* bytes; of one backend on average */
	long pooler_clients;            /* when that was measured */
	long descriptors, descriptors_limit; /* of the pooler, at their peak; -1 */
	/* of the thread */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	atomic_bool playing;
	bool running, ending, memory_done;
};

/* tw_gauge_init prepares; the sampler stays the caller's and must live longer. */
void tw_gauge_init(struct tw_gauge *g, struct tw_sampler *sampler, tw_ms interval, tw_ms timeout);
void tw_gauge_free(struct tw_gauge *g);

/* tw_gauge_start samples in a thread until tw_gauge_stop, where there is a console. EX_OSERR. */
bool tw_gauge_start(struct tw_gauge *g, struct tw_err *e);
void tw_gauge_stop(struct tw_gauge *g);

/* tw_gauge_mark notes the CPU times at a border; from any thread, each mark once. */
void tw_gauge_mark(struct tw_gauge *g, enum tw_gauge_mark mark);

/* tw_gauge_frozen is the pool that is frozen, or NULL. Not while the thread runs. */
const struct tw_flow_state *tw_gauge_frozen(const struct tw_gauge *g);
