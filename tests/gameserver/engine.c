/* SPDX-License-Identifier: ISC */
#include "engine.h"
#include "log.h"

#include <string.h>
#include <sysexits.h>
#include <time.h>

static const struct gs_statement tick_statements[] = {
	{ "UPDATE engine SET ticks = ticks + 1", 0 },
};

/* rest waits for a second or for the end, whichever is first; false at the end. */
static bool
rest(struct gs_engine *engine)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	int failed = 0;
	pthread_mutex_lock(&engine->lock);
	while (!engine->stop && !failed)
		failed = pthread_cond_timedwait(&engine->stopped, &engine->lock, &until);
	bool go_on = !engine->stop;
	pthread_mutex_unlock(&engine->lock);
	return go_on;
}

static void *
turn(void *arg)
{
	struct gs_engine *engine = arg;
	struct gs_err e;
	do
		if (!gs_db_transaction(&engine->db, tick_statements, 1, NULL, 0, NULL, &e))
			gs_log(GS_ERROR, "DB error in the engine: %s", e.msg);
	while (rest(engine));
	return NULL;
}

bool
gs_engine_start(struct gs_engine *engine, struct gs_err *e)
{
	int failed = pthread_create(&engine->thread, NULL, turn, engine);
	return !failed || gs_fail(e, EX_OSERR, "engine: %s", strerror(failed));
}

void
gs_engine_stop(struct gs_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	engine->stop = true;
	pthread_cond_signal(&engine->stopped);
	pthread_mutex_unlock(&engine->lock);
	pthread_join(engine->thread, NULL);
}
