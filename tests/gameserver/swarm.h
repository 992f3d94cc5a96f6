/* SPDX-License-Identifier: ISC */
/* All bots together: first everybody logs in, then those who are in play for the duration. */
#ifndef BOTS_SWARM_H
#define BOTS_SWARM_H

#include "err.h"
#include "tally.h"

#include <netinet/in.h>

struct swarm_plan {
	struct sockaddr_in to;
	const char *prefix; /* of the players' names */
	int bots;
	/* Seconds. */
	double ramp;           /* over which the connections are spread */
	double login_deadline; /* for each login, connecting included */
	double duration;       /* of the play, after the last login was decided */
	double think;          /* mean pause between an answer and the next command */
	double deadline;       /* for each answer to a command */
	bool quiet;            /* no progress on stderr */
	int signals;           /* descriptor that is readable when it is time to stop */
};

/* swarm_run plays the plan to its end, or to the signal, and fills t (TALLY_INIT; the caller
 * frees). Commands under way when the duration ends are waited for; at a signal they are not,
 * and not counted. Fails with EX_OSERR without memory. */
bool swarm_run(const struct swarm_plan *plan, struct tally *t, struct gs_err *e);

#endif
