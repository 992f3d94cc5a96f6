/* SPDX-License-Identifier: ISC */
/* cost.h: what processes of this host cost, as /proc tells it. Linux only. */
#pragma once

#include <sys/types.h>

/* tw_cost_cpu is the CPU time of the calling thread, in seconds. */
double tw_cost_cpu(void);

/*
 * tw_cost_pss is the proportional set size of a process in bytes (0: ourselves); NAN where it may
 * not be read: it takes the process's own user, or root.
 */
double tw_cost_pss(pid_t pid);

/* tw_cost_process is a process's CPU time in seconds, children that have ended included; NAN. */
double tw_cost_process(pid_t pid);

/* tw_cost_parent is the parent of a process, 0 where there is no such process. */
pid_t tw_cost_parent(pid_t pid);

/* tw_cost_children adds up the CPU time of a process and of all its children, living or not. */
double tw_cost_children(pid_t pid);

/* tw_cost_idle is the idle time of all processors since boot, in seconds; NAN. */
double tw_cost_idle(void);
