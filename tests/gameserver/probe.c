/* SPDX-License-Identifier: ISC */
#include "probe.h"
#include "bot.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

enum { AT_ONCE = 4 };

struct attempt {
	struct bot bot;
	struct tally t; /* of this attempt alone */
};

struct probe {
	const struct swarm_plan *plan;
	struct attempt slots[AT_ONCE];
	struct pollfd fds[AT_ONCE + 1]; /* one per slot, the last for the signals */
	double next; /* when the next attempt is due */
};

static double
seconds(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
tell(const char *what)
{
	printf("%.3f %s\n", seconds(CLOCK_REALTIME), what);
	fflush(stdout);
}

/* decide prints the result of an attempt that has one, and frees its slot. */
static void
decide(struct attempt *a)
{
	const char *why = "timeout";
	json_t *count;
	if (a->bot.state != BOT_OUT && a->t.answers == 0)
		return;
	if (a->t.messages)
		json_object_foreach(a->t.messages, why, count)
			break;
	tell(a->t.ok ? "answered" : why);
	bot_leave(&a->bot);
	tally_free(&a->t);
	a->t = (struct tally)TALLY_INIT;
	a->bot.due = 0;
}

/* advance does for an attempt what its socket or the time asks for. */
static void
advance(const struct swarm_plan *plan, struct attempt *a, bool ready, double now)
{
	struct bot *bot = &a->bot;
	if (bot->due <= 0)
		return;
	if (bot->state == BOT_WAITING)
		bot_connect(bot, &plan->to, &a->t);
	else if (ready)
		bot_ready(bot, now, &a->t);
	if (bot->state == BOT_THINKING && a->t.answers == 0)
		bot_ask(bot, now, &a->t);
	if (bot->state != BOT_OUT && a->t.answers == 0 && now >= bot->due)
		bot_timeout(bot, &a->t);
	decide(a);
}

/* launch starts an attempt that is due; where no slot is free it comes to nothing. */
static void
launch(struct probe *p, double interval, double now)
{
	if (now < p->next)
		return;
	while (p->next <= now)
		p->next += interval;
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct bot *bot = &p->slots[i].bot;
		if (bot->due > 0)
			continue;
		bot->state = BOT_WAITING;
		bot->logged_in = false;
		bot->used = 0;
		bot->due = now + p->plan->deadline;
		advance(p->plan, &p->slots[i], false, now);
		return;
	}
}

/* step waits for the next event; false at a signal. */
static bool
step(struct probe *p, double interval)
{
	double now = seconds(CLOCK_MONOTONIC), until = p->next;
	for (size_t i = 0; i < AT_ONCE; i++) {
		const struct bot *bot = &p->slots[i].bot;
		bool connecting = bot->state == BOT_CONNECTING;
		p->fds[i] = (struct pollfd){ bot->fd, connecting ? POLLOUT : POLLIN, 0 };
		if (bot->due > 0 && bot->due < until)
			until = bot->due;
	}
	p->fds[AT_ONCE] = (struct pollfd){ p->plan->signals, POLLIN, 0 };
	int ms = until > now ? (int)((until - now) * 1000) + 1 : 0;
	if (poll(p->fds, AT_ONCE + 1, ms) < 0)
		return true;

	now = seconds(CLOCK_MONOTONIC);
	for (size_t i = 0; i < AT_ONCE; i++)
		advance(p->plan, &p->slots[i], p->fds[i].revents != 0, now);
	launch(p, interval, now);
	return !p->fds[AT_ONCE].revents;
}

void
probe_run(const struct swarm_plan *plan, double rate)
{
	struct probe p = { .plan = plan, .next = seconds(CLOCK_MONOTONIC) };
	double end = p.next + plan->duration;
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct bot *bot = &p.slots[i].bot;
		bot->fd = -1;
		snprintf(bot->name, sizeof bot->name, "%s%04zu", plan->prefix, i + 1);
	}
	tell("begin");
	while (seconds(CLOCK_MONOTONIC) < end && step(&p, 1 / rate))
		;
	tell("end");
	for (size_t i = 0; i < AT_ONCE; i++) {
		bot_leave(&p.slots[i].bot);
		tally_free(&p.slots[i].t);
	}
}
