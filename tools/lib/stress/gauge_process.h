/* SPDX-License-Identifier: ISC */
/* gauge_process.h: the processes of pooler and PostgreSQL; for gauge.c only. */
#pragma once

#include "gauge.h"

/* tw_gauge_find looks up who is at the other end of the sampler's Unix sockets. */
void tw_gauge_find(struct tw_gauge *g);

/*
 * tw_gauge_processes looks at descriptors, and once, when the bots are all in, at memory: a backend
 * of the sample stands for all of them.
 */
void tw_gauge_processes(struct tw_gauge *g, const struct tw_sample *s);
