/* SPDX-License-Identifier: ISC */
/*
 * watch.h: samples over time: peaks, and the freeze as soon as it is certain. Step by step, or in a
 * thread beside the work that is watched.
 */
#pragma once

#include <pthread.h>
#include "freeze.h"

/* What was seen. Peaks are of single samples; waits in us. */
struct tw_watched {
	long samples, failed; /* taken; that could not be taken */
	long postgres;        /* of those taken, with PostgreSQL's part */
	long peak_pooled;     /* server connections of the pooler, as PostgreSQL counts them */
	long peak_direct;     /* other backends of the pools' roles */
	long peak_waiting;    /* clients */
	long long longest_wait_us;
	struct tw_err last_error; /* of the last sample that failed */
};

struct tw_watch {
	struct tw_sampler *sampler; /* the caller's */
	tw_ms interval, timeout;    /* between samples; for one of them */
	struct tw_freeze freeze;
	struct tw_watched seen;
	/* of the thread */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool running, ending;
};

/* tw_watch_init prepares; the sampler stays the caller's and must live longer. */
void tw_watch_init(struct tw_watch *w, struct tw_sampler *sampler, tw_ms interval, tw_ms timeout);
void tw_watch_free(struct tw_watch *w);

/* tw_watch_step takes one sample. A sample that fails is counted, and no error. */
void tw_watch_step(struct tw_watch *w);

/* tw_watch_frozen is the pool that is frozen, or NULL. Not while the thread runs. */
const struct tw_flow_state *tw_watch_frozen(const struct tw_watch *w);

/* tw_watch_start steps every `interval` in a thread, until tw_watch_stop. EX_OSERR. */
bool tw_watch_start(struct tw_watch *w, struct tw_err *e);

/* tw_watch_stop ends the thread (at most one sample's timeout later); then w->seen is complete. */
void tw_watch_stop(struct tw_watch *w);

/* tw_watch_now copies what was seen so far while the thread runs. */
void tw_watch_now(struct tw_watch *w, struct tw_watched *out);
