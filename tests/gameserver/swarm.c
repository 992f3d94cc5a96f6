/* SPDX-License-Identifier: ISC */
#include "swarm.h"
#include "bot.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

struct swarm {
	const struct swarm_plan *plan;
	struct tally *t;
	struct bot *bots;
	struct pollfd *fds; /* one per bot, the last for the signals */
	double begun, next_progress;
	bool playing;
	double end; /* of the play, where playing */
};

static double
clock_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* pause_for is the think time with half of it either way. */
static double
pause_for(const struct swarm_plan *plan)
{
	return plan->think * (0.5 + (double)random() / RAND_MAX);
}

/* act does for one bot what is due. */
static void
act(struct swarm *s, struct bot *bot, double now)
{
	const struct swarm_plan *plan = s->plan;
	switch (bot->state) {
	case BOT_WAITING:
		bot->due += plan->login_deadline;
		bot_connect(bot, &plan->to, s->t);
		break;
	case BOT_THINKING:
		bot->due = now + plan->deadline;
		bot_ask(bot, now, s->t);
		break;
	case BOT_CONNECTING:
	case BOT_LOGGING_IN:
	case BOT_ASKING:
		bot_timeout(bot, s->t);
		break;
	case BOT_OUT:
		break;
	}
}

/* waits says that time means nothing to the bot: it is out, or thinks outside of the play. */
static bool
waits(const struct swarm *s, const struct bot *bot, double now)
{
	return bot->state == BOT_OUT ||
	       (bot->state == BOT_THINKING && (!s->playing || now >= s->end));
}

/* step lets time pass until the next event and handles what came of it. Answers are read before
 * anybody is timed out. False at a signal. */
static bool
step(struct swarm *s)
{
	double now = clock_now(), until = s->next_progress;
	if (s->playing && now < s->end && s->end < until)
		until = s->end;
	for (int i = 0; i < s->plan->bots; i++) {
		const struct bot *bot = &s->bots[i];
		bool connecting = bot->state == BOT_CONNECTING;
		s->fds[i] = (struct pollfd){ bot->fd, connecting ? POLLOUT : POLLIN, 0 };
		if (!waits(s, bot, now) && bot->due < until)
			until = bot->due;
	}
	int ms = until > now ? (int)((until - now) * 1000) + 1 : 0;
	struct pollfd *signals = &s->fds[s->plan->bots];
	*signals = (struct pollfd){ s->plan->signals, POLLIN, 0 };
	if (poll(s->fds, (nfds_t)s->plan->bots + 1, ms) < 0)
		return true;

	now = clock_now();
	for (int i = 0; i < s->plan->bots; i++) {
		struct bot *bot = &s->bots[i];
		enum bot_state before = bot->state;
		if (s->fds[i].revents)
			bot_ready(bot, now, s->t);
		if (bot->state == BOT_THINKING && before != BOT_THINKING)
			bot->due = now + pause_for(s->plan);
		if (!waits(s, bot, now) && now >= bot->due)
			act(s, bot, now);
	}
	return !signals->revents;
}

static int
count(const struct swarm *s, enum bot_state from, enum bot_state to)
{
	int n = 0;
	for (int i = 0; i < s->plan->bots; i++)
		n += s->bots[i].state >= from && s->bots[i].state <= to;
	return n;
}

/* over begins the play when every login is decided, and says when the play is over. */
static bool
over(struct swarm *s)
{
	if (!s->playing) {
		if (count(s, BOT_WAITING, BOT_LOGGING_IN) > 0)
			return false;
		s->playing = true;
		double now = clock_now();
		s->end = now + s->plan->duration;
		for (int i = 0; i < s->plan->bots; i++)
			s->bots[i].due = now + pause_for(s->plan);
	}
	return count(s, BOT_ASKING, BOT_ASKING) == 0 &&
	       (clock_now() >= s->end || count(s, BOT_THINKING, BOT_THINKING) == 0);
}

static void
show(const struct swarm *s)
{
	const struct tally *t = s->t;
	if (s->plan->quiet)
		return;
	fprintf(stderr, "bots: %d of %d logged in, %d refused, %ld answers", t->logins, t->bots,
	        t->refused, t->answers);
	if (t->timeouts + t->login_timeouts > 0)
		fprintf(stderr, ", %ld timeouts", t->timeouts + t->login_timeouts);
	fputc('\n', stderr);
}

/* progress shows the counts once a second; finish shows the last ones. */
static void
progress(struct swarm *s)
{
	double now = clock_now();
	if (now < s->next_progress)
		return;
	s->next_progress = now + 1;
	show(s);
}

static bool
begin(struct swarm *s, struct gs_err *e)
{
	const struct swarm_plan *plan = s->plan;
	size_t n = (size_t)plan->bots;
	s->bots = calloc(n, sizeof *s->bots);
	s->fds = calloc(n + 1, sizeof *s->fds);
	if (!s->bots || !s->fds)
		return gs_fail(e, EX_OSERR, "no memory for %d bots", plan->bots);
	s->begun = clock_now();
	s->next_progress = s->begun + 1;
	s->t->bots = plan->bots;
	for (int i = 0; i < plan->bots; i++) {
		struct bot *bot = &s->bots[i];
		bot->fd = -1;
		bot->due = s->begun + plan->ramp * i / plan->bots;
		snprintf(bot->name, sizeof bot->name, "%s%04d", plan->prefix, i + 1);
	}
	return true;
}

static void
finish(struct swarm *s)
{
	s->t->survivors = count(s, BOT_THINKING, BOT_ASKING);
	s->t->commands -= count(s, BOT_ASKING, BOT_ASKING);
	s->t->seconds = clock_now() - s->begun;
	show(s);
	for (int i = 0; i < s->plan->bots; i++)
		bot_leave(&s->bots[i]);
}

bool
swarm_run(const struct swarm_plan *plan, struct tally *t, struct gs_err *e)
{
	struct swarm s = { .plan = plan, .t = t };
	bool ok = begin(&s, e);
	if (ok) {
		while (!over(&s) && step(&s))
			progress(&s);
		finish(&s);
	}
	free(s.bots);
	free(s.fds);
	return ok;
}
