/* SPDX-License-Identifier: ISC */
/* Probing: again and again a new player logs in, has one command answered and hangs up, whatever
 * became of those before. Tells from when to when the server was away. */
#ifndef BOTS_PROBE_H
#define BOTS_PROBE_H

#include "swarm.h"

/* probe_run starts `rate` attempts a second until the plan's duration is over or its signal comes,
 * each with the plan's deadline for all of it, and never more than four at a time: those are
 * answered when a server that stood still goes on, and a crowd would keep it busy then. Prints a line per attempt when it is decided, and one
 * when all began and ended: seconds since the epoch, then "begin", "end", "answered" or why not. */
void probe_run(const struct swarm_plan *plan, double rate);

#endif
