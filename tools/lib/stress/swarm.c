/* SPDX-License-Identifier: ISC */
/* swarm.c: the phases: who begins what, and when all is over. */
#include "cost.h"
#include "random.h"
#include "swarm_loop.h"

#include <stdlib.h>

/* login_may tells whether one more bot may begin to log in now. */
static bool
login_may(const struct tw_swarm *s)
{
	const struct tw_swarm_plan *p = s->plan;
	size_t most = p->logins_at_once > 0 ? (size_t)p->logins_at_once : s->n;

	return s->next < s->n && s->in[TW_BOT_CONNECTING] + s->in[TW_BOT_PROVING] < most;
}

/* login_since is when the next bot should log in. */
static tw_us
login_since(const struct tw_swarm *s, tw_us now)
{
	double rate = s->plan->login_rate;

	return rate > 0 ? s->begun + (tw_us)((double)s->next / rate * SECOND) : now;
}

/*
 * logins_begin lets bots begin to log in, one in each step: PgBouncer counts its clients before
 * they have logged in, so that of many in one instant it refuses even those for whom there is room.
 * In a storm that is what is asked for.
 */
static bool
logins_begin(struct tw_swarm *s, struct tw_err *e)
{
	bool storm = s->plan->logins_at_once == 0 || s->plan->login_rate > 0;
	tw_us now = tw_us_now();

	do {
		tw_us since = login_since(s, now);
		size_t i = s->next;

		if (!login_may(s) || since > now)
			return true;
		s->next++;
		if (!tw_swarm_login(s, i, since, e))
			return false;
	} while (storm && s->next % 64 != 0);
	return true;
}

/* wake_at is when something must happen for which no bot and no socket stands. */
static tw_us
wake_at(const struct tw_swarm *s, tw_us now)
{
	tw_us at = s->next_progress;

	if (!s->playing) {
		tw_us login = login_may(s) ? login_since(s, now) : at;

		return login < at ? login : at;
	}
	if (now < s->end && s->end < at)
		at = s->end;
	if (!s->measuring && s->from < at)
		at = s->from;
	if (s->arrivals.next < s->end && s->arrivals.next < at)
		at = s->arrivals.next;
	return at;
}

/* overdue_drop counts arrivals for which no bot was free within the deadline. */
static bool
overdue_drop(struct tw_swarm *s, tw_us now, struct tw_err *e)
{
	struct tw_failure what = { .class = "no_bot_free",
		                   .phase = TW_FAILED_TRANSACTION,
		                   .message = "no bot was free within the deadline" };
	tw_us since;

	while (tw_arrivals_oldest(&s->arrivals, &since) && now - since > s->rules.deadline) {
		tw_arrivals_take(&s->arrivals, &since);
		s->rules.tally->begun += since >= s->from;
		if (since >= s->from && !tw_failures_add(&s->rules.tally->failures, &what, 1, e))
			return false;
	}
	return true;
}

/* arrivals_serve gives who has arrived to bots that have nothing to do. */
static bool
arrivals_serve(struct tw_swarm *s, struct tw_err *e)
{
	tw_us now = tw_us_now(), since;

	if (s->plan->rate <= 0 || !s->playing)
		return true;
	if (!tw_arrivals_until(&s->arrivals, now, e) || !overdue_drop(s, now, e))
		return false;
	while (s->arrivals.n > 0 && s->idle_n > 0) {
		size_t i = s->idle[--s->idle_n];

		s->bot[i].idle = false;
		if (s->bot[i].bot.state != TW_BOT_THINKING)
			continue; /* it has died meanwhile */
		tw_arrivals_take(&s->arrivals, &since);
		if (!tw_swarm_ask(s, i, since, e))
			return false;
	}
	return true;
}

void
tw_swarm_rest(struct tw_swarm *s, size_t i)
{
	struct tw_swarm_bot *b = &s->bot[i];
	tw_us now = tw_us_now();

	tw_alarms_clear(&s->alarms, i);
	if (!s->playing)
		return;
	if (s->plan->rate > 0) {
		if (!b->idle)
			s->idle[s->idle_n++] = i;
		b->idle = true;
		return;
	}
	b->next = now + (tw_us)((0.5 + tw_random_share(&s->random)) * (double)s->plan->think);
	if (b->next < s->end)
		tw_alarms_set(&s->alarms, i, b->next);
}

/* mark notes a border of the phases. */
static void
mark(const struct tw_swarm *s, enum tw_gauge_mark which)
{
	if (s->plan->gauge != NULL)
		tw_gauge_mark(s->plan->gauge, which);
}

/* play_begin ends the phase of logins and begins that of transactions. */
static void
play_begin(struct tw_swarm *s)
{
	struct tw_tally *t = s->rules.tally;
	tw_us now = tw_us_now();

	t->login_seconds = (double)(now - s->begun) / SECOND;
	mark(s, TW_GAUGE_IN);
	t->cost.login_cpu_seconds = tw_cost_cpu() - s->cpu;
	t->cost.pss_bytes = tw_cost_pss(0);
	now = tw_us_now();
	s->playing = true;
	s->begun = now;
	s->from = now + s->plan->warmup;
	s->end = s->from + s->plan->duration;
	s->measuring = s->plan->warmup == 0;
	mark(s, TW_GAUGE_PLAY);
	s->cpu = tw_cost_cpu();
	s->rules.counts_from = s->from;
	tw_arrivals_begin(&s->arrivals, s->plan->rate, now, s->end);
	for (size_t i = 0; i < s->n; i++) {
		struct tw_swarm_bot *b = &s->bot[i];

		if (b->bot.state != TW_BOT_THINKING)
			continue;
		if (s->plan->rate > 0) {
			tw_swarm_rest(s, i);
			continue;
		}
		/* One in each n-th part of the mean pause, so that not all begin at once. */
		b->next = now + (tw_us)(((double)i + tw_random_share(&s->random)) / (double)s->n *
		                        (double)s->plan->think);
		if (b->next < s->end)
			tw_alarms_set(&s->alarms, i, b->next);
	}
}

/* swarm_over goes from phase to phase, and tells when the last one is over. */
static bool
swarm_over(struct tw_swarm *s)
{
	size_t logging_in = s->in[TW_BOT_CONNECTING] + s->in[TW_BOT_PROVING];
	size_t working = logging_in + s->in[TW_BOT_ASKING] + s->in[TW_BOT_SLEEPING];
	tw_us now = tw_us_now();

	if (!s->playing) {
		if (s->in[TW_BOT_WAITING] > 0 || logging_in > 0)
			return false;
		play_begin(s);
	}
	if (!s->measuring && now >= s->from) {
		s->measuring = true;
		mark(s, TW_GAUGE_PLAY);
		s->cpu = tw_cost_cpu();
	}
	if (!s->ended && now >= s->end) {
		s->ended = true;
		s->rules.tally->cost.cpu_seconds = tw_cost_cpu() - s->cpu;
		mark(s, TW_GAUGE_END);
	}
	if (s->in[TW_BOT_THINKING] == 0 && working == 0)
		return true;
	return working == 0 && s->arrivals.n == 0 && now >= s->end;
}

/* swarm_loop runs until all is over, or a signal arrives. */
static bool
swarm_loop(struct tw_swarm *s, struct tw_err *e)
{
	bool ended = false;

	while (!ended && !swarm_over(s)) {
		if (!logins_begin(s, e) || !arrivals_serve(s, e) ||
		    !tw_swarm_step(s, wake_at(s, tw_us_now()), &ended, e))
			return false;
	}
	s->rules.tally->interrupted = ended;
	return true;
}

/* swarm_finish counts who is still there, and takes back what was under way. */
static void
swarm_finish(struct tw_swarm *s)
{
	struct tw_tally *t = s->rules.tally;
	tw_us now = tw_us_now();

	for (size_t i = 0; i < s->n; i++) {
		const struct tw_bot *b = &s->bot[i].bot;
		bool connecting = b->state == TW_BOT_CONNECTING || b->state == TW_BOT_PROVING;
		bool working = b->state == TW_BOT_ASKING || b->state == TW_BOT_SLEEPING;

		t->attempted -= connecting && !b->proved;
		t->begun -= ((connecting && b->proved) || working) && b->counts && !b->failed;
		t->survivors += b->state == TW_BOT_THINKING || working || (connecting && b->proved);
	}
	if (!s->playing)
		t->login_seconds = (double)(now - s->begun) / SECOND;
	else if (t->interrupted && now < s->end)
		t->seconds = now > s->from ? (double)(now - s->from) / SECOND : 0;
	else
		t->seconds = (double)s->plan->duration / SECOND;
	if (s->playing && !s->ended) {
		t->cost.cpu_seconds = tw_cost_cpu() - s->cpu;
		mark(s, TW_GAUGE_END);
	}
	tw_latencies_sort(&t->login);
	tw_latencies_sort(&t->transaction);
}

bool
tw_swarm_run(const struct tw_swarm_plan *plan, struct tw_tally *t, struct tw_err *e)
{
	struct tw_swarm s = { .plan = plan,
		              .rules = { .clients = plan->clients,
		                         .script = plan->script,
		                         .login_deadline = plan->login_deadline,
		                         .deadline = plan->deadline,
		                         .reconnect = plan->reconnect,
		                         .come_back = plan->come_back,
		                         .ledger = plan->ledger,
		                         .tally = t },
		              .n = (size_t)plan->bots,
		              .begun = tw_us_now(),
		              .random = 1,
		              .epoll = -1 };
	bool ok;

	t->bots = plan->bots;
	s.next_progress = s.begun + SECOND;
	s.cpu = tw_cost_cpu();
	ok = tw_swarm_make(&s, e);
	if (ok) {
		ok = swarm_loop(&s, e);
		swarm_finish(&s);
	}
	tw_swarm_free(&s);
	return ok;
}
