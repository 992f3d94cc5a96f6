/* SPDX-License-Identifier: ISC */
/*
 * freeze.c: the history is in the sample already: pg_stat_activity tells since when each backend
 * has been in its state. So the detector needs no long watch, only enough samples to see that it is
 * not looking at one unlucky instant.
 */
#include "freeze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What it takes to be certain: samples in a row, over so many ms. */
#define SAMPLES 3
#define SPAN 400

void
tw_freeze_free(struct tw_freeze *f)
{
	free(f->pool);
	*f = (struct tw_freeze){ .freeze_us = f->freeze_us };
}

/* servers_of counts the server connections that have logged in. */
static long
servers_of(const struct tw_pool *p)
{
	return p->sv_active + p->sv_idle + p->sv_used + p->sv_tested;
}

/* flow_now is what one sample alone says of a pool: anything but FROZEN. */
static enum tw_flow
flow_now(const struct tw_pool *p, bool postgres)
{
	if (p->cl_waiting == 0)
		return TW_FLOW_FREE;
	if (p->sv_active == 0 || servers_of(p) > p->sv_active)
		return TW_FLOW_BUSY;
	/* The console and PostgreSQL were asked one after the other: they may disagree. */
	if (!postgres || p->backends < p->sv_active)
		return TW_FLOW_UNKNOWN;
	return p->held == p->backends && p->idle_in_transaction > 0 ? TW_FLOW_HELD : TW_FLOW_BUSY;
}

/* state_of is what was seen of a pool before, a new entry where nothing was; NULL: no memory. */
static struct tw_flow_state *
state_of(struct tw_freeze *f, const struct tw_pool *p)
{
	struct tw_flow_state *grown;

	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->pool[i].database, p->database) == 0 &&
		    strcmp(f->pool[i].user, p->user) == 0)
			return &f->pool[i];
	}
	grown = realloc(f->pool, (f->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	f->pool = grown;
	grown[f->n] = (struct tw_flow_state){ 0 };
	snprintf(grown[f->n].database, sizeof(grown->database), "%s", p->database);
	snprintf(grown[f->n].user, sizeof(grown->user), "%s", p->user);
	return &grown[f->n++];
}

/* state_observe adds one sample to what is known of its pool. */
static void
state_observe(struct tw_flow_state *s, const struct tw_pool *p, bool postgres, tw_ms at,
              long long freeze_us)
{
	enum tw_flow flow = flow_now(p, postgres);
	bool still = flow == TW_FLOW_HELD && s->same > 0 && s->servers == p->sv_active &&
	             s->last_change == p->last_change && p->maxwait_us > s->maxwait_us;

	if (!still)
		s->since = at;
	s->same = flow == TW_FLOW_HELD ? (still ? s->same + 1 : 1) : 0;
	s->servers = servers_of(p);
	s->waiting = p->cl_waiting;
	s->maxwait_us = p->maxwait_us;
	s->last_change = p->last_change;
	s->still_us = p->still_us;
	s->flow = flow;
	if (s->same >= SAMPLES && at - s->since >= SPAN && s->still_us >= freeze_us)
		s->flow = TW_FLOW_FROZEN;
}

/* state_gone forgets what was seen of a pool that the console shows no more. */
static void
state_gone(struct tw_flow_state *s, const struct tw_sample *sample)
{
	for (size_t i = 0; i < sample->pools.n; i++) {
		if (strcmp(sample->pools.item[i].database, s->database) == 0 &&
		    strcmp(sample->pools.item[i].user, s->user) == 0)
			return;
	}
	s->flow = TW_FLOW_FREE;
	s->same = 0;
}

bool
tw_freeze_observe(struct tw_freeze *f, const struct tw_sample *sample, struct tw_err *e)
{
	for (size_t i = 0; i < f->n; i++)
		state_gone(&f->pool[i], sample);
	for (size_t i = 0; i < sample->pools.n; i++) {
		const struct tw_pool *p = &sample->pools.item[i];
		struct tw_flow_state *s = state_of(f, p);

		if (s == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		state_observe(s, p, sample->postgres, sample->at, f->freeze_us);
	}
	return true;
}

const struct tw_flow_state *
tw_freeze_worst(const struct tw_freeze *f)
{
	const struct tw_flow_state *worst = NULL;

	for (size_t i = 0; i < f->n; i++) {
		if (worst == NULL || f->pool[i].flow > worst->flow)
			worst = &f->pool[i];
	}
	return worst;
}

bool
tw_freeze_wants_more(const struct tw_freeze *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->pool[i].flow == TW_FLOW_HELD && f->pool[i].still_us >= f->freeze_us)
			return true;
	}
	return false;
}

const char *
tw_flow_word(enum tw_flow flow)
{
	static const char *const words[] = {
		[TW_FLOW_FREE] = "free", [TW_FLOW_BUSY] = "busy",     [TW_FLOW_UNKNOWN] = "unknown",
		[TW_FLOW_HELD] = "held", [TW_FLOW_FROZEN] = "frozen",
	};

	return words[flow];
}

void
tw_freeze_text(const struct tw_flow_state *s, char *out, size_t size)
{
	const char *plural = s->waiting == 1 ? " waits" : "s wait";
	double still = (double)s->still_us / 1e6, wait = (double)s->maxwait_us / 1e6;

	switch (s->flow) {
	case TW_FLOW_FREE:
		snprintf(out, size, "pool %s/%s: no client waits", s->database, s->user);
		return;
	case TW_FLOW_BUSY:
	case TW_FLOW_UNKNOWN:
		snprintf(out, size, "pool %s/%s: %ld client%s, up to %.1f s%s", s->database,
		         s->user, s->waiting, plural, wait,
		         s->flow == TW_FLOW_BUSY ? "" : "; what for is not known");
		return;
	case TW_FLOW_HELD:
		snprintf(out, size,
		         "pool %s/%s is held: all %ld server connections are in open "
		         "transactions, the last one since %.1f s; %ld client%s, up to %.1f s",
		         s->database, s->user, s->servers, still, s->waiting, plural, wait);
		return;
	case TW_FLOW_FROZEN:
		snprintf(out, size,
		         "pool %s/%s is frozen: all %ld server connections are idle in "
		         "transaction, nothing has happened in any of them for %.1f s; %ld "
		         "client%s, up to %.1f s",
		         s->database, s->user, s->servers, still, s->waiting, plural, wait);
		return;
	}
}

const char *
tw_freeze_cures(void)
{
	return "a server with one lock for all its connections freezes so: give its pool at least "
	       "as many server connections as it has players, plus 2 (default_pool_size, and "
	       "max_db_connections no lower), or give the server a lock per connection; restart "
	       "the server now, it does not come back";
}
