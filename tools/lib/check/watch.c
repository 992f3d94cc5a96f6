/* SPDX-License-Identifier: ISC */
/* watch.c: one sample after the other, and what they amount to. */
#include "watch.h"

#include <errno.h>
#include <time.h>

void
tw_watch_init(struct tw_watch *w, struct tw_sampler *sampler, tw_ms interval, tw_ms timeout)
{
	pthread_condattr_t attributes;

	*w = (struct tw_watch){ .sampler = sampler,
		                .interval = interval,
		                .timeout = timeout,
		                .freeze = TW_FREEZE_INIT };
	pthread_mutex_init(&w->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

void
tw_watch_free(struct tw_watch *w)
{
	tw_freeze_free(&w->freeze);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mutex);
}

/* most raises *peak to a value. */
static void
most(long *peak, long value)
{
	if (value > *peak)
		*peak = value;
}

/* seen_add adds one sample to what was seen. */
static void
seen_add(struct tw_watched *seen, const struct tw_sample *s)
{
	long waiting = 0;

	for (size_t i = 0; i < s->pools.n; i++) {
		waiting += s->pools.item[i].cl_waiting;
		if (s->pools.item[i].maxwait_us > seen->longest_wait_us)
			seen->longest_wait_us = s->pools.item[i].maxwait_us;
	}
	seen->samples++;
	seen->postgres += s->postgres;
	most(&seen->peak_pooled, s->pooled);
	most(&seen->peak_direct, s->direct);
	most(&seen->peak_waiting, waiting);
}

void
tw_watch_step(struct tw_watch *w)
{
	tw_ms deadline = tw_pg_now() + w->timeout;
	struct tw_sample sample = TW_SAMPLE_INIT;
	struct tw_err e = TW_ERR_INIT;
	bool taken = tw_sample_console(w->sampler, deadline, &sample, &e), asked = true;

	if (taken && w->sampler->postgres.n > 0)
		asked = tw_sample_postgres(w->sampler, deadline, &sample, &e);
	pthread_mutex_lock(&w->mutex);
	if (taken) {
		seen_add(&w->seen, &sample);
		asked = tw_freeze_observe(&w->freeze, &sample, &e) && asked;
	}
	if (!taken || !asked) {
		w->seen.failed++;
		w->seen.last_error = e;
	}
	pthread_mutex_unlock(&w->mutex);
	tw_sample_free(&sample);
}

const struct tw_flow_state *
tw_watch_frozen(const struct tw_watch *w)
{
	const struct tw_flow_state *worst = tw_freeze_worst(&w->freeze);

	return worst != NULL && worst->flow == TW_FLOW_FROZEN ? worst : NULL;
}

/* time_after is a time of CLOCK_MONOTONIC for pthread_cond_timedwait. */
static struct timespec
time_after(tw_ms at)
{
	return (struct timespec){ .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };
}

/* watch_run is the thread. */
static void *
watch_run(void *arg)
{
	struct tw_watch *w = arg;
	bool ending = false;

	while (!ending) {
		struct timespec next = time_after(tw_pg_now() + w->interval);

		tw_watch_step(w);
		pthread_mutex_lock(&w->mutex);
		while (!w->ending &&
		       pthread_cond_timedwait(&w->wake, &w->mutex, &next) != ETIMEDOUT)
			;
		ending = w->ending;
		pthread_mutex_unlock(&w->mutex);
	}
	return NULL;
}

bool
tw_watch_start(struct tw_watch *w, struct tw_err *e)
{
	w->ending = false;
	errno = pthread_create(&w->thread, NULL, watch_run, w);
	w->running = errno == 0;
	return w->running || tw_fail_errno(e, EX_OSERR, "start a thread");
}

void
tw_watch_stop(struct tw_watch *w)
{
	if (!w->running)
		return;
	pthread_mutex_lock(&w->mutex);
	w->ending = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	w->running = false;
}

void
tw_watch_now(struct tw_watch *w, struct tw_watched *out)
{
	pthread_mutex_lock(&w->mutex);
	*out = w->seen;
	pthread_mutex_unlock(&w->mutex);
}
