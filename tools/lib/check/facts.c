/* SPDX-License-Identifier: ISC */
/* facts.c: one console connection, one of PostgreSQL, and a clock. */
#include "facts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Between two samples, in ms. */
#define INTERVAL 250

/* So many more samples at most: who is not certain of a freeze by then will not be. */
#define SAMPLES_MORE 8

void
tw_asking_free(struct tw_asking *a)
{
	for (size_t i = 0; i < a->clients; i++)
		tw_pg_params_free(&a->client[i].params);
	a->clients = a->expected_n = 0;
	free(a->expected);
	a->expected = NULL;
	tw_lint_free(&a->has);
	tw_sampler_free(&a->sampler);
}

void
tw_facts_free(struct tw_facts *f)
{
	tw_sample_free(&f->sample);
	tw_findings_free(&f->differs);
	tw_freeze_free(&f->freeze);
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

	if (ok && stranded(&f->sample) && tw_pg_now() + INTERVAL < deadline) {
		poll(NULL, 0, INTERVAL);
		ok = tw_sample_console(&a->sampler, deadline, &f->sample, &e);
	}
	answer_set(&f->console, ok, start, deadline, &e);
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
		if (tw_pg_now() + INTERVAL >= deadline)
			break;
		poll(NULL, 0, INTERVAL);
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

/* client_ask logs in and runs a transaction. */
static void
client_ask(struct tw_client *c, tw_ms deadline)
{
	struct tw_err e = TW_ERR_INIT;
	tw_ms start = tw_pg_now();
	bool ok = tw_login_try(&c->params, deadline - start, &c->login, &e);

	answer_set(&c->answer, ok, start, deadline, &e);
}

/* watch_undecided tells whether what is seen may yet turn out to be a freeze. */
static bool
watch_undecided(const struct tw_watch *w)
{
	const struct tw_flow_state *worst = tw_freeze_worst(&w->freeze);

	return worst != NULL && worst->flow == TW_FLOW_HELD;
}

/*
 * watch_run samples until the time is over or the freeze is certain. A signal on `fd` ends it too,
 * but a pool that is held then is watched for as long as it takes to tell what that is.
 */
static void
watch_run(struct tw_watch *w, tw_ms timeout, tw_ms end, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (tw_pg_now() < end) {
		tw_ms start = tw_pg_now(), left = end - start, next = start + INTERVAL, pause;

		w->timeout = left < timeout ? left : timeout;
		tw_watch_step(w);
		if (tw_watch_frozen(w) != NULL || (p.fd < 0 && !watch_undecided(w)))
			return;
		pause = (next < end ? next : end) - tw_pg_now();
		if (poll(&p, 1, pause > 0 ? (int)pause : 0) > 0) {
			tw_ms certain = tw_pg_now() + w->freeze.freeze_us / 1000 + 8 * INTERVAL;

			end = certain < end ? certain : end;
			p.fd = -1; /* poll(2) then only waits */
		}
	}
}

/* watch_ask watches; SIGINT and SIGTERM end that, and nothing else, as long as it lasts. */
static bool
watch_ask(struct tw_asking *a, struct tw_facts *f, struct tw_err *e)
{
	tw_ms start = tw_pg_now();
	struct tw_watch w;
	sigset_t ends, old;
	int fd;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &old);
	fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (fd < 0)
		return tw_fail_errno(e, EX_OSERR, "signalfd");
	tw_watch_init(&w, &a->sampler, INTERVAL, a->timeout);
	w.freeze.freeze_us = a->freeze_us;
	watch_run(&w, a->timeout, start + a->watch, fd);
	f->has_watched = true;
	f->watched_ms = tw_pg_now() - start;
	f->watched = w.seen;
	f->freeze = w.freeze; /* handed over */
	w.freeze = (struct tw_freeze)TW_FREEZE_INIT;
	tw_watch_free(&w);
	while (sigtimedwait(&ends, NULL, &(struct timespec){ 0, 0 }) > 0)
		; /* it has done its work */
	close(fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return true;
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
	bool ok = a->watch == 0 || watch_ask(a, f, e);
	tw_ms deadline = tw_pg_now() + a->timeout;

	f->freeze.freeze_us = a->freeze_us;
	if (a->console)
		console_ask(a, deadline, f);
	if (a->listener && f->console.how == TW_ASKED_OK && in_time(deadline))
		listener_ask(a, share(deadline, a->config || a->postgres || a->clients > 0), f);
	if (a->config && f->console.how == TW_ASKED_OK && in_time(deadline))
		config_ask(a, share(deadline, a->postgres || a->clients > 0), f);
	if (a->postgres && in_time(deadline))
		postgres_ask(a, share(deadline, a->clients > 0), f);
	if (ok && a->freeze && f->console.how == TW_ASKED_OK && !frozen(f))
		ok = freeze_ask(a, share(deadline, a->clients > 0), f, e);
	for (size_t i = 0; i < a->clients && in_time(deadline); i++)
		client_ask(&a->client[i], share(deadline, i + 1 < a->clients));
	return ok;
}
