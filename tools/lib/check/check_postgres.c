/* SPDX-License-Identifier: ISC */
/* check_postgres.c: PostgreSQL's connections, the flow of pools, and logins as a client. */
#include "check.h"

#include <math.h>
#include <stdio.h>

/* Why PostgreSQL's part is left out. */
static const char not_asked[] = "PostgreSQL is not asked without --postgres, or as root --site";
static const char hidden[] = "the role of --postgres does not see what others do: GRANT pg_monitor";

/* postgres_measure adds the values, U for what is not known. */
static void
postgres_measure(const struct tw_check_input *in, struct tw_result *r)
{
	const struct tw_sample *s = &in->facts->sample;
	bool pools = s->postgres && in->facts->console.how == TW_ASKED_OK;

	tw_result_measure(r, in->thresholds, TW_METRIC_CONNECTIONS,
	                  s->postgres ? (double)s->connections : NAN,
	                  s->postgres ? (double)s->max_connections : NAN);
	tw_result_count(r, "direct", pools ? (double)s->direct : NAN);
}

bool
tw_check_postgres(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_answer *a = &in->facts->postgres;
	const struct tw_sample *s = &in->facts->sample;
	struct tw_result *r;

	if (in->asking->sampler.postgres.n == 0)
		return tw_verdict_unjudged(v, "postgres", not_asked);
	r = tw_verdict_add(v, "postgres", e);
	if (r == NULL)
		return false;
	postgres_measure(in, r);
	if (tw_check_late(a, r))
		return true;
	switch (a->how) {
	case TW_ASKED_OK:
		tw_result_say(r,
		              "%ld of %ld connections of PostgreSQL, %ld of them past the pooler",
		              s->connections, s->max_connections, s->direct);
		/* Whoever asks has one himself: without it the next ordinary login is refused. */
		if (s->reserved > 0 && s->connections - 1 >= s->max_connections - s->reserved) {
			tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_CONNECTIONS);
			tw_result_say(r,
			              "PostgreSQL is full: %ld of %ld connections, the rest is "
			              "reserved, %ld come past the pooler",
			              s->connections, s->max_connections, s->direct);
		}
		break;
	case TW_ASKED_LATE:
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_POSTGRES);
		tw_result_say(r, "PostgreSQL gives no answer within %.3g s: it hangs",
		              (double)a->ms / 1000);
		break;
	case TW_ASKED_REFUSED:
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_POSTGRES_ROLE);
		tw_result_say(r,
		              "PostgreSQL refuses the check's login: give another with --postgres, "
		              "or leave it out with --only: %s",
		              a->e.msg);
		break;
	default:
		tw_result_raise(
		    r, a->e.exit == EX_UNAVAILABLE ? TW_STATUS_CRITICAL : TW_STATUS_UNKNOWN,
		    TW_CAUSE_POSTGRES);
		tw_result_say(r, "%s", a->e.msg);
		break;
	}
	return true;
}

/* flow_judge makes a result of one pool's flow. HELD is for maxwait's thresholds to judge. */
static void
flow_judge(const struct tw_flow_state *state, struct tw_result *r)
{
	snprintf(r->database, sizeof(r->database), "%s", state->database);
	snprintf(r->user, sizeof(r->user), "%s", state->user);
	tw_freeze_text(state, r->summary, sizeof(r->summary));
	if (state->flow == TW_FLOW_FROZEN)
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_FROZEN);
}

/* flow_add adds every frozen pool, or else the worst one. */
static bool
flow_add(const struct tw_freeze *f, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_flow_state *worst = tw_freeze_worst(f);
	struct tw_result *r;

	for (size_t i = 0; i < f->n; i++) {
		if (f->pool[i].flow != TW_FLOW_FROZEN && &f->pool[i] != worst)
			continue;
		r = tw_verdict_add(v, "freeze", e);
		if (r == NULL)
			return false;
		flow_judge(&f->pool[i], r);
	}
	return true;
}

bool
tw_check_freeze(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_freeze *f = &in->facts->freeze;
	const struct tw_flow_state *worst = tw_freeze_worst(f);
	bool frozen = worst != NULL && worst->flow == TW_FLOW_FROZEN;
	struct tw_result *r;

	if (!frozen && in->asking->sampler.postgres.n == 0)
		return tw_verdict_unjudged(v, "freeze", not_asked);
	if (!frozen && in->facts->sample.hidden > 0)
		return tw_verdict_unjudged(v, "freeze", hidden);
	/* What a watch has seen stands, whatever came after it. */
	if (frozen || (worst != NULL && in->facts->console.how == TW_ASKED_OK &&
	               (!in->asking->postgres || in->facts->postgres.how == TW_ASKED_OK)))
		return flow_add(f, v, e);
	r = tw_verdict_add(v, "freeze", e);
	if (r == NULL)
		return false;
	if (tw_check_moot(in, r))
		return true;
	tw_result_say(r, "no pool that could freeze");
	if (worst != NULL) {
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_POSTGRES);
		r->moot = true;
		tw_result_say(r, "not judged: PostgreSQL did not answer");
	}
	return true;
}

/* client_judge judges one login. */
static void
client_judge(const struct tw_client *c, const struct tw_thresholds *t, struct tw_result *r)
{
	bool ok = c->answer.how == TW_ASKED_OK;

	snprintf(r->database, sizeof(r->database), "%s", c->database);
	snprintf(r->user, sizeof(r->user), "%s", c->user);
	tw_result_measure(r, t, TW_METRIC_LOGIN, ok ? c->login.ms / 1000 : NAN, NAN);
	if (tw_check_late(&c->answer, r))
		return;
	if (ok) {
		tw_result_say(r, "login and transaction as %s on %s in %.0f ms", c->user,
		              c->database, c->login.ms);
		return;
	}
	if (c->answer.how == TW_ASKED_FAILED && c->answer.e.exit != EX_UNAVAILABLE)
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_CHECK);
	else
		tw_result_raise(r, TW_STATUS_CRITICAL,
		                c->answer.how == TW_ASKED_REFUSED ? TW_CAUSE_LOGIN
		                                                  : TW_CAUSE_LOGIN_LATE);
	if (c->answer.how == TW_ASKED_LATE)
		tw_result_say(r, "login as %s on %s: no answer within %.3g s", c->user, c->database,
		              (double)c->answer.ms / 1000);
	else if (c->answer.how == TW_ASKED_REFUSED)
		tw_result_say(r, "login as %s on %s is refused (a wrong secret?): %s", c->user,
		              c->database, c->answer.e.msg);
	else
		tw_result_say(r, "login as %s on %s: %s", c->user, c->database, c->answer.e.msg);
}

bool
tw_check_login(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	if (in->asking->clients == 0 && in->asking->site)
		return tw_verdict_unjudged(v, "login",
		                           tw_site_queried(&in->asking->whole)
		                               ? "no --login; twpool-auth probe logs in from end to "
		                                 "end without a secret, as root or twpool_probe"
		                               : "no --login, and without a secret nobody logs in "
		                                 "from end to end (auth.method is not \"query\")");
	for (size_t i = 0; i < in->asking->clients; i++) {
		struct tw_result *r = tw_verdict_add(v, "login", e);

		if (r == NULL)
			return false;
		client_judge(&in->asking->client[i], in->thresholds, r);
	}
	return true;
}
