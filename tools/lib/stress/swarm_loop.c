/* SPDX-License-Identifier: ISC */
/* swarm_loop.c: epoll, alarms, and the books of who is in which state. */
#include "swarm_loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* So many sockets are looked at in one step. */
#define EVENTS 256
#define SIGNALS UINT64_MAX

bool
tw_swarm_make(struct tw_swarm *s, struct tw_err *e)
{
	struct epoll_event signals = { .events = EPOLLIN, .data.u64 = SIGNALS };

	s->bot = calloc(s->n, sizeof(*s->bot));
	s->idle = calloc(s->n, sizeof(*s->idle));
	if (s->bot == NULL || s->idle == NULL)
		return tw_fail(e, EX_OSERR, "no memory for %zu bots", s->n);
	for (size_t i = 0; i < s->n; i++) {
		s->bot[i].fd = -1;
		s->bot[i].bot.number = i;
	}
	s->in[TW_BOT_WAITING] = s->n;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return tw_fail_errno(e, EX_OSERR, "epoll");
	if (s->plan->signals >= 0 &&
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->plan->signals, &signals) != 0)
		return tw_fail_errno(e, EX_OSERR, "epoll");
	return tw_alarms_make(&s->alarms, s->n, e);
}

void
tw_swarm_free(struct tw_swarm *s)
{
	for (size_t i = 0; s->bot != NULL && i < s->n; i++)
		tw_bot_leave(&s->bot[i].bot);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->bot);
	free(s->idle);
	tw_alarms_free(&s->alarms);
	tw_arrivals_free(&s->arrivals);
	tw_buf_free(&s->rules.sql);
}

/* epoll_tell makes epoll wait for what a bot waits for; a closed socket it has forgotten itself. */
static bool
epoll_tell(struct tw_swarm *s, size_t i, struct tw_err *e)
{
	struct tw_swarm_bot *b = &s->bot[i];
	int fd = tw_client_socket(&b->bot.client);
	short events = tw_client_events(&b->bot.client);
	struct epoll_event want = { .data.u64 = i };

	if (fd < 0) {
		b->fd = -1;
		return true;
	}
	want.events = ((events & POLLIN) != 0 ? EPOLLIN : 0) | ((events & POLLOUT) != 0 ? EPOLLOUT : 0);
	/* While libpq connects, the same number may be another socket: of its next attempt. */
	if (fd == b->fd && want.events == b->events &&
	    (b->bot.client.pg == NULL || b->bot.state != TW_BOT_CONNECTING))
		return true;
	if ((fd != b->fd || epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &want) != 0) &&
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &want) != 0 &&
	    (errno != EEXIST || epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &want) != 0))
		return tw_fail_errno(e, EX_OSERR, "epoll");
	b->fd = fd;
	b->events = want.events;
	return true;
}

/*
 * settle does the books after bot i was at work: its state was `before`, and so many transactions
 * had succeeded.
 */
static bool
settle(struct tw_swarm *s, size_t i, enum tw_bot_state before, long succeeded, struct tw_err *e)
{
	struct tw_bot *b = &s->bot[i].bot;

	s->in[before]--;
	s->in[b->state]++;
	if (s->rules.tally->transactions != succeeded && tw_us_now() < s->end)
		s->rules.tally->in_time += s->rules.tally->transactions - succeeded;
	if (b->state == TW_BOT_OUT)
		tw_alarms_clear(&s->alarms, i);
	else if (b->state == TW_BOT_THINKING) {
		if (before != TW_BOT_THINKING || s->rules.tally->transactions != succeeded)
			tw_swarm_rest(s, i);
	} else
		tw_alarms_set(&s->alarms, i, b->due);
	return epoll_tell(s, i, e);
}

bool
tw_swarm_login(struct tw_swarm *s, size_t i, tw_us since, struct tw_err *e)
{
	return tw_bot_login(&s->bot[i].bot, since, &s->rules, e) &&
	       settle(s, i, TW_BOT_WAITING, s->rules.tally->transactions, e);
}

bool
tw_swarm_ask(struct tw_swarm *s, size_t i, tw_us since, struct tw_err *e)
{
	long succeeded = s->rules.tally->transactions;

	/* Its next one is due, or it was taken from those that wait for arrivals. */
	s->bot[i].fd = tw_client_socket(&s->bot[i].bot.client) < 0 ? -1 : s->bot[i].fd;
	if (!tw_bot_ask(&s->bot[i].bot, since, &s->rules, e))
		return false;
	if (s->bot[i].bot.state == TW_BOT_THINKING) {
		/* Over before it began: nobody is there. */
		tw_swarm_rest(s, i);
		return epoll_tell(s, i, e);
	}
	return settle(s, i, TW_BOT_THINKING, succeeded, e);
}

/* ready hears one bot. */
static bool
ready(struct tw_swarm *s, size_t i, struct tw_err *e)
{
	enum tw_bot_state before = s->bot[i].bot.state;
	long succeeded = s->rules.tally->transactions;

	return tw_bot_ready(&s->bot[i].bot, &s->rules, e) && settle(s, i, before, succeeded, e);
}

/* due does what is due for bot i: its next transaction, or the end of what takes too long. */
static bool
due(struct tw_swarm *s, size_t i, tw_us now, struct tw_err *e)
{
	struct tw_bot *b = &s->bot[i].bot;
	enum tw_bot_state before = b->state;
	long succeeded = s->rules.tally->transactions;

	if (before == TW_BOT_THINKING) {
		tw_us since = s->bot[i].next;

		tw_alarms_clear(&s->alarms, i);
		return now >= s->end || tw_swarm_ask(s, i, since, e);
	}
	return tw_bot_due(b, now, &s->rules, e) && settle(s, i, before, succeeded, e);
}

/* alarms_ring does all that is due; what has arrived was heard before, and is not late. */
static bool
alarms_ring(struct tw_swarm *s, struct tw_err *e)
{
	tw_us now = tw_us_now(), at;
	size_t i;

	for (size_t n = 0; n < EVENTS && tw_alarms_first(&s->alarms, &i, &at) && at <= now; n++) {
		if (!due(s, i, now, e))
			return false;
	}
	return true;
}

/* progress_tell tells once a second how far the run is. */
static void
progress_tell(struct tw_swarm *s)
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

/* step_wait waits; a kernel before 5.11 has milliseconds only. */
static int
step_wait(struct tw_swarm *s, struct epoll_event *events, tw_us until)
{
	tw_us now = tw_us_now(), left = until > now ? until - now : 0;
	struct timespec time = { .tv_sec = left / SECOND, .tv_nsec = left % SECOND * 1000 };
	int n = epoll_pwait2(s->epoll, events, EVENTS, &time, NULL);

	if (n < 0 && errno == ENOSYS)
		n = epoll_wait(s->epoll, events, EVENTS, (int)((left + 999) / 1000));
	return n;
}

bool
tw_swarm_step(struct tw_swarm *s, tw_us until, bool *signalled, struct tw_err *e)
{
	struct epoll_event events[EVENTS];
	size_t first;
	tw_us at;
	int n;

	if (tw_alarms_first(&s->alarms, &first, &at) && at < until)
		until = at;
	n = step_wait(s, events, until);
	if (n < 0 && errno != EINTR)
		return tw_fail_errno(e, EX_OSERR, "epoll");
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == SIGNALS)
			*signalled = true;
		else if (!ready(s, (size_t)events[i].data.u64, e))
			return false;
	}
	if (!alarms_ring(s, e))
		return false;
	progress_tell(s);
	return true;
}
