/* SPDX-License-Identifier: ISC */
/* facts_watch.c: --watch: samples for as long as it takes, and signals that end it early. */
#include "facts.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

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
		tw_ms start = tw_pg_now(), left = end - start, next = start + TW_FACTS_INTERVAL,
		      pause;

		w->timeout = left < timeout ? left : timeout;
		tw_watch_step(w);
		if (tw_watch_frozen(w) != NULL || (p.fd < 0 && !watch_undecided(w)))
			return;
		pause = (next < end ? next : end) - tw_pg_now();
		if (poll(&p, 1, pause > 0 ? (int)pause : 0) > 0) {
			tw_ms certain = tw_pg_now() + w->freeze.freeze_us / 1000 +
			                8 * TW_FACTS_INTERVAL;

			end = certain < end ? certain : end;
			p.fd = -1; /* poll(2) then only waits */
		}
	}
}

bool
tw_facts_watch(struct tw_asking *a, struct tw_facts *f, struct tw_err *e)
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
	tw_watch_init(&w, &a->sampler, TW_FACTS_INTERVAL, a->timeout);
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
