/* SPDX-License-Identifier: ISC */
/* facts.c: one console connection, one of PostgreSQL, and a clock. */
#include "facts.h"

#include <poll.h>
#include <stdlib.h>

/* So many more samples at most: who is not certain of a freeze by then will not be. */
#define SAMPLES_MORE 8

void
tw_asking_free(struct tw_asking *a)
{
	for (size_t i = 0; i < a->clients; i++)
		tw_pg_params_free(&a->client[i].params);
	free(a->client);
	a->client = NULL;
	a->clients = a->expected_n = 0;
	free(a->expected);
	a->expected = NULL;
	tw_lint_free(&a->has);
	tw_site_free(&a->whole);
	tw_sampler_free(&a->sampler);
}

void
tw_facts_free(struct tw_facts *f)
{
	tw_sample_free(&f->sample);
	tw_findings_free(&f->differs);
	tw_freeze_free(&f->freeze);
	tw_stragglers_free(&f->direct);
	tw_between_free(&f->between);
	json_decref(f->alerts);
	f->alerts = NULL;
}

/* share is the deadline of a question that leaves half of the time to those behind it. */
static tw_ms
share(tw_ms deadline, bool more)
{
	tw_ms now = tw_pg_now();

	return more && deadline > now ? now + (deadline - now) / 2 : deadline;
}

/* A question is not asked with less time than this, in ms: it could only be late. */
#define LEAST 5

/* in_time tells whether there is time for another question. */
static bool
in_time(tw_ms deadline)
{
	return deadline - tw_pg_now() >= LEAST;
}

/* answer_set writes down how a question ended that was begun at `start`. */
static void
answer_set(struct tw_answer *a, bool ok, tw_ms start, tw_ms deadline, const struct tw_err *e)
{
	tw_ms now = tw_pg_now();

	*a = (struct tw_answer){ .how = TW_ASKED_OK, .ms = now - start };
	if (ok)
		return;
	a->e = *e;
	if (e->exit == EX_NOPERM)
		a->how = TW_ASKED_REFUSED;
	else if (e->exit == EX_UNAVAILABLE && now >= deadline)
		a->how = TW_ASKED_LATE;
	else
		a->how = TW_ASKED_FAILED;
}

bool
tw_pool_stranded(const struct tw_pool *p)
{
	return p->cl_waiting > 0 && p->sv_active + p->sv_idle + p->sv_used + p->sv_tested == 0 &&
	       (p->sv_login == 0 || p->maxwait_us > 1000000);
}

/* stranded tells whether a sample has such a pool. */
static bool
stranded(const struct tw_sample *s)
{
	for (size_t i = 0; i < s->pools.n; i++) {
		if (tw_pool_stranded(&s->pools.item[i]))
			return true;
	}
	return false;
}

/*
 * console_ask takes the console's part of the sample, once more if a pool is stranded: between a
 * client's arrival and the attempt to connect, every pool is for an instant.
 */
static void
console_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_sample_console(&a->sampler, deadline, &f->sample, &e);

	if (ok && stranded(&f->sample) && tw_pg_now() + TW_FACTS_INTERVAL < deadline) {
		poll(NULL, 0, TW_FACTS_INTERVAL);
		ok = tw_sample_console(&a->sampler, deadline, &f->sample, &e);
	}
	answer_set(&f->console, ok, start, deadline, &e);
}

/* hung_ask looks why the console gives no answer. */
static void
hung_ask(const struct tw_asking *a, struct tw_facts *f)
{
	const char *host = tw_pg_params_get(&a->sampler.console, "host");
	const char *port = tw_pg_params_get(&a->sampler.console, "port");

	if (host != NULL && host[0] == '/' && port != NULL)
		tw_process_hung(host, port, &f->host.process);
}

/* listener_ask tries the addresses. */
static void
listener_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_accept_probe(a->sampler.console_conn, &f->sample, deadline, &f->accepts, &e);

	answer_set(&f->listener, ok, start, deadline, &e);
}

/* config_ask holds the pooler's settings against the site. */
static void
config_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_lint_live(&a->has, a->sampler.console_conn, deadline, &f->live, &f->differs,
	                       &e);

	answer_set(&f->config, ok, start, deadline, &e);
}

/* postgres_ask adds PostgreSQL's part to the sample. */
static void
postgres_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_sample_postgres(&a->sampler, deadline, &f->sample, &e);

	answer_set(&f->postgres, ok, start, deadline, &e);
}

/*
 * freeze_ask lets the detector see the sample, and more of them only while these could make it
 * certain. A further sample that fails ends it: the last good one then stands.
 */
static bool
freeze_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f, struct tw_err *e)
{
	struct tw_sample again = TW_SAMPLE_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	bool ok = tw_freeze_observe(&f->freeze, &f->sample, e);

	for (int i = 0; ok && i < SAMPLES_MORE && tw_freeze_wants_more(&f->freeze); i++) {
		if (tw_pg_now() + TW_FACTS_INTERVAL >= deadline)
			break;
		poll(NULL, 0, TW_FACTS_INTERVAL);
		if (!tw_sample_console(&a->sampler, deadline, &again, &ignored) ||
		    !tw_sample_postgres(&a->sampler, deadline, &again, &ignored))
			break;
		tw_sample_free(&f->sample);
		f->sample = again;
		again = (struct tw_sample)TW_SAMPLE_INIT;
		ok = tw_freeze_observe(&f->freeze, &f->sample, e);
	}
	tw_sample_free(&again);
	return ok;
}

/*
 * stragglers_ask looks who comes past the pooler. Between asking the pooler and asking PostgreSQL a
 * server connection may come up, so that only who is seen twice counts.
 */
static void
stragglers_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	struct tw_sample again = TW_SAMPLE_INIT;
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok;

	f->direct.site = &a->whole;
	ok = tw_stragglers_observe(&f->direct, &f->sample, &e);
	if (ok && f->direct.one.n > 0) {
		poll(NULL, 0, TW_FACTS_INTERVAL);
		ok = tw_sample_console(&a->sampler, deadline, &again, &e) &&
		     tw_sample_postgres(&a->sampler, deadline, &again, &e) &&
		     tw_stragglers_observe(&f->direct, &again, &e);
	}
	tw_sample_free(&again);
	answer_set(&f->stragglers, ok, start, deadline, &e);
}

/* secrets_ask holds the running pooler's auth file against PostgreSQL. */
static void
secrets_ask(struct tw_asking *a, tw_ms deadline, struct tw_facts *f)
{
	const PGresult *config = f->sample.table[TW_ADMIN_CONFIG];
	int row = config != NULL ? tw_admin_row(config, "key", "auth_file") : -1;
	const char *file = row >= 0 ? tw_admin_value(config, row, "value") : "";
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();

	if (*file == '/')
		answer_set(&f->secrets,
		           tw_drift_ask(file, a->sampler.postgres_conn, deadline, &f->drift, &e),
		           start, deadline, &e);
}

/* login_deadline is that of one login: its own, if that comes first. */
static tw_ms
login_deadline(const struct tw_asking *a, tw_ms deadline)
{
	tw_ms own = tw_pg_now() + a->login_timeout;

	return a->login_timeout > 0 && own < deadline ? own : deadline;
}

/* client_ask logs in and runs a transaction. */
static void
client_ask(struct tw_client *c, tw_ms deadline)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_login_try(&c->params, deadline - start, &c->login, &e);

	answer_set(&c->answer, ok, start, deadline, &e);
}

/* frozen tells whether the watch has seen a freeze; no later sample takes that back. */
static bool
frozen(const struct tw_facts *f)
{
	const struct tw_flow_state *worst = tw_freeze_worst(&f->freeze);

	return worst != NULL && worst->flow == TW_FLOW_FROZEN;
}

bool
tw_facts_ask(struct tw_asking *a, struct tw_facts *f, struct tw_err *e)
{
	bool ok = a->watch == 0 || tw_facts_watch(a, f, e);
	tw_ms deadline = tw_pg_now() + a->timeout;

	f->freeze.freeze_us = a->freeze_us;
	if (a->console)
		console_ask(a, deadline, f);
	if (f->console.how == TW_ASKED_LATE)
		hung_ask(a, f);
	if (a->listener && f->console.how == TW_ASKED_OK && in_time(deadline))
		listener_ask(a, share(deadline, a->config || a->postgres || a->clients > 0), f);
	if (a->host && f->console.how == TW_ASKED_OK)
		tw_host_ask(a->sampler.console_conn, &f->sample, &f->host);
	if (a->config && f->console.how == TW_ASKED_OK && in_time(deadline))
		config_ask(a, share(deadline, a->postgres || a->clients > 0), f);
	if (a->postgres && in_time(deadline))
		postgres_ask(a, share(deadline, a->clients > 0), f);
	if (ok && a->freeze && f->console.how == TW_ASKED_OK && !frozen(f))
		ok = freeze_ask(a, share(deadline, a->clients > 0), f, e);
	if (a->stragglers && f->sample.postgres && f->console.how == TW_ASKED_OK &&
	    in_time(deadline))
		stragglers_ask(a, share(deadline, a->clients > 0), f);
	if (a->secrets && f->sample.postgres && f->console.how == TW_ASKED_OK && in_time(deadline))
		secrets_ask(a, share(deadline, a->clients > 0), f);
	for (size_t i = 0; i < a->clients && in_time(deadline); i++)
		client_ask(&a->client[i], login_deadline(a, share(deadline, i + 1 < a->clients)));
	return ok;
}
