/* SPDX-License-Identifier: ISC */
/* swarm.c: the loop, the two phases, and the clock of each bot. */
#include "swarm.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define SECOND 1000000

struct swarm {
	const struct tw_swarm_plan *plan;
	struct tw_bot_rules rules;
	size_t n;
	struct tw_bot *bot;
	struct pollfd *fd;         /* one for each bot, the last one for the signals */
	size_t in[TW_BOT_OUT + 1]; /* how many bots are in each state, after each step */
	size_t next;               /* the first that has not begun to log in */
	bool playing;              /* the phase of transactions */
	tw_us begun, end;          /* of the phase */
	tw_us next_progress;
	long second;
	uint64_t random;
};

/* share is a random number from 0 to 1: the same ones in each run (Vigna's splitmix64). */
static double
share(struct swarm *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (double)((z ^ (z >> 31)) >> 11) / (double)((uint64_t)1 << 53);
}

/* working counts the bots that wait for an answer. */
static size_t
working(const struct swarm *s)
{
	return s->in[TW_BOT_CONNECTING] + s->in[TW_BOT_PROVING] + s->in[TW_BOT_ASKING];
}

/* states_count counts the bots anew. */
static void
states_count(struct swarm *s)
{
	for (size_t i = 0; i <= TW_BOT_OUT; i++)
		s->in[i] = 0;
	for (size_t i = 0; i < s->n; i++)
		s->in[s->bot[i].state]++;
}

/* bot_minds tells whether time means something to a bot: not to one that thinks out of the play. */
static bool
bot_minds(const struct swarm *s, const struct tw_bot *b, tw_us now)
{
	if (b->state == TW_BOT_WAITING || b->state == TW_BOT_OUT)
		return false;
	return b->state != TW_BOT_THINKING || (s->playing && now < s->end);
}

/* bot_due does what is due: begins a transaction, or ends what takes too long. */
static bool
bot_due(struct swarm *s, struct tw_bot *b, tw_us now, struct tw_err *e)
{
	if (b->state == TW_BOT_THINKING)
		return tw_bot_ask(b, now, &s->rules, e);
	return tw_bot_late(b, &s->rules, e);
}

/* bot_step hears one bot, before its time is judged: an answer that is there is not late. */
static bool
bot_step(struct swarm *s, size_t i, struct tw_err *e)
{
	struct tw_bot *b = &s->bot[i];
	enum tw_bot_state before = b->state;
	long succeeded = s->rules.tally->transactions;
	tw_us now;

	if (s->fd[i].revents != 0 && !tw_bot_ready(b, &s->rules, e))
		return false;
	now = tw_us_now();
	if (b->state == TW_BOT_THINKING && before != TW_BOT_THINKING)
		b->due = now + (tw_us)((0.5 + share(s)) * (double)s->plan->think);
	if (now < s->end)
		s->rules.tally->in_time += s->rules.tally->transactions - succeeded;
	return !bot_minds(s, b, now) || now < b->due || bot_due(s, b, now, e);
}

/* login_may tells whether one more bot may begin to log in. */
static bool
login_may(const struct swarm *s)
{
	return s->next < s->n && s->in[TW_BOT_CONNECTING] + s->in[TW_BOT_PROVING] < TW_SWARM_LOGINS;
}

/*
 * login_begin lets one bot begin to log in, one in each step: PgBouncer counts its clients before
 * they have logged in, so that of many in one instant it refuses even those for whom there is room.
 */
static bool
login_begin(struct swarm *s, struct tw_err *e)
{
	return !login_may(s) || tw_bot_login(&s->bot[s->next++], tw_us_now(), &s->rules, e);
}

/* swarm_wait polls until a bot can go on, is due, or something else is; *ended at a signal. */
static bool
swarm_wait(struct swarm *s, bool *ended, struct tw_err *e)
{
	tw_us now = tw_us_now(), until = login_may(s) ? now : s->next_progress;
	struct timespec left = { 0 };
	int ready;

	if (s->playing && now < s->end && s->end < until)
		until = s->end;
	for (size_t i = 0; i < s->n; i++) {
		const struct tw_bot *b = &s->bot[i];

		/* libpq may have another socket after each step of a connect */
		s->fd[i] = (struct pollfd){ b->conn ? PQsocket(b->conn) : -1, b->events, 0 };
		if (bot_minds(s, b, now) && b->due < until)
			until = b->due;
	}
	s->fd[s->n] = (struct pollfd){ s->plan->signals, POLLIN, 0 };
	if (until > now)
		left = (struct timespec){ .tv_sec = (until - now) / SECOND,
			                  .tv_nsec = (until - now) % SECOND * 1000 };
	ready = ppoll(s->fd, s->n + 1, &left, NULL);
	if (ready < 0 && errno != EINTR)
		return tw_fail_errno(e, EX_OSERR, "poll");
	for (size_t i = 0; ready < 0 && i <= s->n; i++)
		s->fd[i].revents = 0;
	*ended = s->fd[s->n].revents != 0;
	return true;
}

/* progress_tell tells once a second how far the run is. */
static void
progress_tell(struct swarm *s)
{
	tw_us now = tw_us_now();
	struct tw_swarm_now state = { .tally = s->rules.tally,
		                      .logins = !s->playing,
		                      .seconds_left = (double)(s->end - now) / SECOND };

	if (now < s->next_progress)
		return;
	s->next_progress = now + SECOND;
	state.second = ++s->second;
	if (s->plan->progress != NULL)
		s->plan->progress(s->plan->arg, &state);
}

/* play_begin ends the phase of logins and begins that of transactions. */
static void
play_begin(struct swarm *s)
{
	tw_us now = tw_us_now();

	s->rules.tally->login_seconds = (double)(now - s->begun) / SECOND;
	s->playing = true;
	s->begun = now;
	s->end = now + s->plan->duration;
	for (size_t i = 0; i < s->n; i++)
		s->bot[i].due = now + (tw_us)(share(s) * (double)s->plan->think);
}

/* swarm_over goes from phase to phase, and tells when the last one is over. */
static bool
swarm_over(struct swarm *s)
{
	states_count(s);
	if (!s->playing) {
		if (s->in[TW_BOT_WAITING] > 0 || working(s) > 0)
			return false;
		play_begin(s);
	}
	return working(s) == 0 && (tw_us_now() >= s->end || s->in[TW_BOT_THINKING] == 0);
}

/* swarm_loop runs until all is over, or a signal arrives. */
static bool
swarm_loop(struct swarm *s, struct tw_err *e)
{
	bool ended = false;

	while (!ended && !swarm_over(s)) {
		if (!login_begin(s, e) || !swarm_wait(s, &ended, e))
			return false;
		for (size_t i = 0; i < s->n; i++) {
			if (!bot_step(s, i, e))
				return false;
		}
		progress_tell(s);
	}
	s->rules.tally->interrupted = ended;
	return true;
}

/* swarm_finish counts who is still there, and takes back what was under way. */
static void
swarm_finish(struct swarm *s)
{
	struct tw_tally *t = s->rules.tally;
	tw_us now = tw_us_now();

	states_count(s);
	t->attempted -= (long)(s->in[TW_BOT_CONNECTING] + s->in[TW_BOT_PROVING]);
	for (size_t i = 0; i < s->n; i++)
		t->begun -= s->bot[i].state == TW_BOT_ASKING && !s->bot[i].failed;
	t->survivors = (long)(s->in[TW_BOT_THINKING] + s->in[TW_BOT_ASKING]);
	if (!s->playing)
		t->login_seconds = (double)(now - s->begun) / SECOND;
	else if (t->interrupted && now < s->end)
		t->seconds = (double)(now - s->begun) / SECOND;
	else
		t->seconds = (double)s->plan->duration / SECOND;
	tw_latencies_sort(&t->login);
	tw_latencies_sort(&t->transaction);
}

bool
tw_swarm_run(const struct tw_swarm_plan *plan, struct tw_tally *t, struct tw_err *e)
{
	struct swarm s = {
		.plan = plan,
		.rules = { plan->params, plan->script, plan->login_deadline, plan->deadline, t },
		.n = (size_t)plan->bots,
		.begun = tw_us_now(),
		.random = 1,
	};
	bool ok;

	s.next_progress = s.begun + SECOND;
	s.bot = calloc(s.n, sizeof(*s.bot));
	s.fd = calloc(s.n + 1, sizeof(*s.fd));
	t->bots = plan->bots;
	ok = (s.bot != NULL && s.fd != NULL) ||
	     tw_fail(e, EX_OSERR, "no memory for %ld bots", plan->bots);
	if (ok) {
		ok = swarm_loop(&s, e);
		swarm_finish(&s);
		for (size_t i = 0; i < s.n; i++)
			tw_bot_leave(&s.bot[i]);
	}
	free(s.bot);
	free(s.fd);
	return ok;
}
