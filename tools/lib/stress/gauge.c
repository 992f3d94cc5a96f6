/* SPDX-License-Identifier: ISC */
/* gauge.c: the thread, and one sample after the other. */
#include "cost.h"
#include "gauge.h"
#include "gauge_process.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

void
tw_gauge_init(struct tw_gauge *g, struct tw_sampler *sampler, tw_ms interval, tw_ms timeout)
{
	pthread_condattr_t attributes;

	*g = (struct tw_gauge){ .sampler = sampler,
		                .interval = interval,
		                .timeout = timeout,
		                .freeze = TW_FREEZE_INIT,
		                .begun = tw_us_now(),
		                .pooler_pss = NAN,
		                .backend_pss = NAN,
		                .descriptors = -1,
		                .descriptors_limit = -1 };
	for (int i = 0; i < TW_GAUGE_MARKS; i++)
		g->cpu[i] = (struct tw_gauge_cpu){ 0, NAN, NAN, NAN };
	pthread_mutex_init(&g->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&g->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

void
tw_gauge_free(struct tw_gauge *g)
{
	tw_freeze_free(&g->freeze);
	free(g->point);
	g->point = NULL;
	pthread_cond_destroy(&g->wake);
	pthread_mutex_destroy(&g->mutex);
}

/* pools_add adds up the pools of a sample. */
static void
pools_add(const struct tw_pools *pools, struct tw_gauge_point *p)
{
	bool limited = true;

	for (size_t i = 0; i < pools->n; i++) {
		const struct tw_pool *pool = &pools->item[i];

		p->active += pool->sv_active;
		p->waiting += pool->cl_waiting;
		p->held += pool->held;
		p->servers += pool->sv_active + pool->sv_idle + pool->sv_used + pool->sv_tested;
		if (pool->held > 0 && pool->held >= pool->sv_active && pool->still_us > p->still_us)
			p->still_us = pool->still_us;
		p->limit += pool->limit;
		limited = limited && pool->limit > 0;
		if (pool->maxwait_us > p->maxwait_us)
			p->maxwait_us = pool->maxwait_us;
	}
	p->limit = limited ? p->limit : 0;
}

/* locked_ask counts the backends of the bots' role that wait for a lock; -1 if nobody knows. */
static long
locked_ask(struct tw_gauge *g, tw_ms deadline)
{
	struct tw_err ignored = TW_ERR_INIT;
	PGresult *rows = NULL;
	long n = -1;

	if (g->sampler->postgres_conn != NULL &&
	    tw_pg_exec(g->sampler->postgres_conn,
	               "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE wait_event_type = "
	               "'Lock' AND backend_type = 'client backend'",
	               deadline, &rows, &ignored) &&
	    PQntuples(rows) == 1)
		n = strtol(PQgetvalue(rows, 0, 0), NULL, 10);
	PQclear(rows);
	return n;
}

/* point_keep keeps one moment. */
static void
point_keep(struct tw_gauge *g, const struct tw_gauge_point *p)
{
	if (g->n == g->cap) {
		size_t cap = g->cap > 0 ? 2 * g->cap : 256;
		struct tw_gauge_point *grown = reallocarray(g->point, cap, sizeof(*grown));

		if (grown == NULL)
			return; /* it is one sample less */
		g->point = grown;
		g->cap = cap;
	}
	g->point[g->n++] = *p;
}

/* sample_take takes one sample. One that fails is counted, and no error. */
static void
sample_take(struct tw_gauge *g)
{
	tw_ms deadline = tw_pg_now() + g->timeout;
	struct tw_sample s = TW_SAMPLE_INIT;
	struct tw_gauge_point p = { .pooled = -1, .direct = -1, .locked = -1 };
	struct tw_err e = TW_ERR_INIT;
	bool taken = tw_sample_console(g->sampler, deadline, &s, &e), asked = true;

	if (taken && g->sampler->postgres.n > 0)
		asked = tw_sample_postgres(g->sampler, deadline, &s, &e);
	p.playing = atomic_load(&g->playing);
	p.seconds = (double)(tw_us_now() - g->begun) / 1e6;
	if (taken) {
		g->samples++;
		g->postgres += s.postgres;
		p.clients = s.clients;
		pools_add(&s.pools, &p);
		if (s.postgres) {
			p.pooled = s.pooled;
			p.direct = s.direct;
			p.locked = locked_ask(g, deadline);
		}
		point_keep(g, &p);
		asked = tw_freeze_observe(&g->freeze, &s, &e) && asked;
		tw_gauge_processes(g, &s);
	}
	g->failed += !taken || !asked;
	tw_sample_free(&s);
}

const struct tw_flow_state *
tw_gauge_frozen(const struct tw_gauge *g)
{
	const struct tw_flow_state *worst = tw_freeze_worst(&g->freeze);

	return worst != NULL && worst->flow == TW_FLOW_FROZEN ? worst : NULL;
}

/* gauge_run is the thread. */
static void *
gauge_run(void *arg)
{
	struct tw_gauge *g = arg;
	bool ending = false;

	while (!ending) {
		tw_ms at = tw_pg_now() + g->interval;
		struct timespec next = { .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };

		sample_take(g);
		pthread_mutex_lock(&g->mutex);
		while (!g->ending &&
		       pthread_cond_timedwait(&g->wake, &g->mutex, &next) != ETIMEDOUT)
			;
		ending = g->ending;
		pthread_mutex_unlock(&g->mutex);
	}
	return NULL;
}

bool
tw_gauge_start(struct tw_gauge *g, struct tw_err *e)
{
	tw_gauge_find(g);
	tw_gauge_mark(g, TW_GAUGE_BEGIN);
	if (g->sampler->console.n == 0)
		return true;
	errno = pthread_create(&g->thread, NULL, gauge_run, g);
	g->running = errno == 0;
	return g->running || tw_fail_errno(e, EX_OSERR, "start a thread");
}

void
tw_gauge_stop(struct tw_gauge *g)
{
	if (!g->running)
		return;
	pthread_mutex_lock(&g->mutex);
	g->ending = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->mutex);
	pthread_join(g->thread, NULL);
	g->running = false;
}

void
tw_gauge_mark(struct tw_gauge *g, enum tw_gauge_mark mark)
{
	g->cpu[mark] = (struct tw_gauge_cpu){
		.at = tw_us_now(),
		.pooler = g->pooler_pid > 0 ? tw_cost_process(g->pooler_pid) : NAN,
		.postgres = g->postgres_pid > 0 ? tw_cost_children(g->postgres_pid) : NAN,
		.idle = tw_cost_idle(),
	};
	if (mark == TW_GAUGE_IN)
		atomic_store(&g->playing, true);
}
