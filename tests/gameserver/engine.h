/* SPDX-License-Identifier: ISC */
/* The universe: a thread that runs a tiny transaction every second on a connection of its own. */
#ifndef GS_ENGINE_H
#define GS_ENGINE_H

#include "db.h"

#include <pthread.h>

struct gs_engine {
	struct gs_db db;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
};

#define GS_ENGINE_INIT                                                                    \
	{                                                                                 \
		GS_DB_INIT, 0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false \
	}

/* gs_engine_start starts the thread; engine->db is open. Fails with EX_OSERR. */
bool gs_engine_start(struct gs_engine *engine, struct gs_err *e);

/* gs_engine_stop waits for the thread that gs_engine_start started. */
void gs_engine_stop(struct gs_engine *engine);

#endif
