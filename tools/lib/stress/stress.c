/* SPDX-License-Identifier: ISC */
/* stress.c: rounds, each with its watch. */
#include "stress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT 5000 /* ms, for the ledger */
#define SAMPLE_INTERVAL 200  /* ms */
#define SAMPLE_TIMEOUT 2000  /* ms */
#define LEDGER_TIMEOUT 60000 /* ms, to read it */
#define LEDGER_TRIES 5

void
tw_stress_free(struct tw_stress *s)
{
	for (int i = 0; i < TW_TARGETS; i++) {
		tw_pg_params_free(&s->target[i].params);
		tw_wire_target_free(&s->target[i].wire);
		tw_failures_free(&s->target[i].failures);
		free(s->target[i].round);
		free(s->target[i].point);
		tw_histogram_free(&s->target[i].latencies);
		tw_histogram_free(&s->target[i].login_latencies);
		s->target[i].round = NULL;
	}
	tw_ledger_free(&s->ledger);
	tw_sampler_free(&s->sampler);
}

/*
 * peak_of is the peak of server connections that a run caused, -1 where it is not known: those of
 * the pooler whose console was asked, or without a pooler the backends themselves.
 */
static long
peak_of(const struct tw_stress *s, const struct tw_target *t, const struct tw_gauge *g)
{
	long peak = -1;

	if (g->postgres == 0 || !t->known || (t->pooled && !tw_stress_watched(s, t)))
		return -1;
	for (size_t i = 0; i < g->n; i++) {
		long n = t->pooled ? g->point[i].pooled : g->point[i].direct;

		peak = n > peak ? n : peak;
	}
	return peak;
}

/* points_keep keeps what was seen over time in a target's last round. */
static void
points_keep(struct tw_target *t, struct tw_gauge *g)
{
	free(t->point);
	t->points = g->n;
	t->point = g->point;
	g->n = 0;
	g->point = NULL;
}

/* histogram_keep adds a round's latencies to the target's. */
static bool
latencies_keep(struct tw_target *t, const struct tw_tally *tally, struct tw_err *e)
{
	return tw_histogram_add(&t->latencies, &tally->transaction, e) &&
	       tw_histogram_add(&t->login_latencies, &tally->login, e);
}

/* round_keep makes a tally one more round of a target. */
static bool
round_keep(const struct tw_stress *s, struct tw_target *t, const struct tw_tally *tally,
           struct tw_gauge *g, struct tw_err *e)
{
	struct tw_figures *grown = reallocarray(t->round, t->rounds + 1, sizeof(*grown));

	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	t->round = grown;
	if (tally->known) {
		t->known = true;
		t->pooled = tally->pooled;
	}
	tw_figures_of(tally, g, peak_of(s, t, g),
	              tw_stress_watched(s, t) && (!t->known || t->pooled), &t->round[t->rounds++]);
	t->samples += g->postgres;
	t->failed_samples += g->failed;
	points_keep(t, g);
	if (!latencies_keep(t, tally, e))
		return false;
	for (size_t i = 0; i < tally->failures.n; i++) {
		const struct tw_failure *f = &tally->failures.item[i];

		if (!tw_failures_add(&t->failures, f, f->count, e))
			return false;
	}
	return true;
}

/* frozen_keep takes over what the gauge knows of a frozen pool. */
static void
frozen_keep(struct tw_stress *s, const struct tw_gauge *g)
{
	const struct tw_flow_state *frozen = tw_gauge_frozen(g);

	if (frozen != NULL)
		tw_freeze_text(frozen, s->frozen, sizeof(s->frozen));
}

/* sweep_keep keeps what a number of bots came to at one target, in place of a round. */
static void
sweep_keep(const struct tw_stress *s, const struct tw_target *t, const struct tw_tally *tally,
           struct tw_gauge *g, struct tw_sweep *out)
{
	int which = t == &s->target[TW_DSN] ? TW_DSN : TW_VERSUS;
	long peak = peak_of(s, t, g);

	out->success[which] = tally->attempted > 0
	                          ? (double)tally->logins / (double)tally->attempted
	                          : NAN;
	out->peak[which] = peak >= 0 ? (double)peak : NAN;
}

/* target_run runs the bots once against one target, for a round or (not NULL) for a sweep. */
static bool
target_run(struct tw_stress *s, struct tw_target *t, struct tw_sweep *sweep, struct tw_err *e)
{
	struct tw_swarm_plan plan = s->swarm;
	struct tw_tally tally = TW_TALLY_INIT;
	struct tw_gauge gauge;
	bool ok;

	plan.clients.kind = t->kind;
	plan.clients.params = &t->params;
	plan.clients.target = t->kind == TW_CLIENT_WIRE ? &t->wire : NULL;
	tw_gauge_init(&gauge, &s->sampler, SAMPLE_INTERVAL, SAMPLE_TIMEOUT);
	gauge.freeze.freeze_us = s->freeze_us;
	plan.gauge = &gauge;
	ok = tw_gauge_start(&gauge, e) && tw_swarm_run(&plan, &tally, e);
	tw_gauge_stop(&gauge);
	frozen_keep(s, &gauge);
	s->interrupted = tally.interrupted;
	if (ok && sweep != NULL)
		sweep_keep(s, t, &tally, &gauge, sweep);
	else
		ok = ok && round_keep(s, t, &tally, &gauge, e);
	tw_gauge_free(&gauge);
	tw_tally_free(&tally);
	return ok;
}

/* ledger_connect opens a connection for the ledger, as a bot. */
static bool
ledger_connect(struct tw_stress *s, PGconn **conn, struct tw_err *e)
{
	return tw_pg_connect(&s->target[TW_DSN].params, tw_pg_now() + CONNECT_TIMEOUT, conn, e) ||
	       tw_context(e, "--ledger");
}

/* ledger_begin makes the table, and the transaction that fills it. */
static bool
ledger_begin(struct tw_stress *s, struct tw_script *script, struct tw_err *e)
{
	char sql[512], run[64];
	PGconn *conn = NULL;
	bool ok = ledger_connect(s, &conn, e) &&
	          tw_ledger_open(&s->ledger, s->ledger_table, (size_t)s->swarm.bots, conn,
	                         tw_pg_now() + CONNECT_TIMEOUT, e);

	PQfinish(conn);
	snprintf(run, sizeof(run), "run=%lld", s->ledger.run);
	snprintf(sql, sizeof(sql),
	         "BEGIN;\nINSERT INTO %s (run, bot, serial) VALUES (:run, :client_id, :serial);\n"
	         "COMMIT;\n",
	         s->ledger.table);
	ok = ok && tw_script_define(script, "serial=0", e) && tw_script_define(script, run, e) &&
	     tw_script_text(sql, script, e);
	s->swarm.script = script;
	s->swarm.ledger = &s->ledger;
	return ok;
}

/*
 * ledger_end reads the table. The pooler may just have come back, and a server connection of the
 * pool may be of a PostgreSQL that is gone: a few tries.
 */
static bool
ledger_end(struct tw_stress *s, struct tw_err *e)
{
	bool ok = false;

	for (int i = 0; !ok && i < LEDGER_TRIES; i++) {
		PGconn *conn = NULL;

		*e = (struct tw_err)TW_ERR_INIT;
		ok = ledger_connect(s, &conn, e) &&
		     tw_ledger_audit(&s->ledger, conn, tw_pg_now() + LEDGER_TIMEOUT, e);
		PQfinish(conn);
	}
	return ok;
}

/* rounds_run runs the bots. */
static bool
rounds_run(struct tw_stress *s, struct tw_err *e)
{
	int targets = s->versus ? 2 : 1;

	for (long i = 0; s->swarm.bots > 0 && i < s->rounds; i++) {
		for (int j = 0; j < targets; j++) {
			/* The one before first in the first round, then by turns. */
			int which = s->versus && (i + j) % 2 == 0 ? TW_VERSUS : TW_DSN;

			s->round = i + 1;
			s->current = &s->target[which];
			if (!target_run(s, &s->target[which], NULL, e))
				return false;
			if (s->interrupted || s->frozen[0] != '\0')
				return true;
		}
	}
	return true;
}

/* sweep_run tries other numbers of bots, each target once. */
static bool
sweep_run(struct tw_stress *s, struct tw_err *e)
{
	long bots = s->swarm.bots;
	bool ok = true;

	for (size_t i = 0; ok && i < s->sweep_n; i++) {
		s->sweep[i].success[TW_VERSUS] = s->sweep[i].peak[TW_VERSUS] = NAN;
		s->swarm.bots = s->sweep[i].bots;
		for (int j = s->versus ? TW_VERSUS : TW_DSN; ok && j >= TW_DSN; j--) {
			s->current = &s->target[j];
			ok = target_run(s, &s->target[j], &s->sweep[i], e);
			if (s->interrupted || s->frozen[0] != '\0') {
				s->sweep_n = i;
				break;
			}
		}
	}
	s->swarm.bots = bots;
	return ok;
}

bool
tw_stress_run(struct tw_stress *s, struct tw_err *e)
{
	struct tw_script script = TW_SCRIPT_INIT;
	bool ok = (s->ledger_table == NULL || ledger_begin(s, &script, e)) && rounds_run(s, e) &&
	          (s->ledger_table == NULL || ledger_end(s, e));

	tw_script_free(&script);
	ok = ok && (s->interrupted || s->frozen[0] != '\0' || sweep_run(s, e));
	if (!ok || s->interrupted || s->frozen[0] != '\0')
		return ok;
	if (s->pairs > 0 &&
	    !tw_overhead_measure(&s->target[TW_VERSUS].params, &s->target[TW_DSN].params, s->pairs,
	                         s->swarm.deadline / 1000, s->swarm.signals, &s->overhead,
	                         &s->overhead_error))
		s->overhead.pairs = 0;
	s->interrupted = s->overhead.interrupted;
	return true;
}
