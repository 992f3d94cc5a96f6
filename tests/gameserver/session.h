/* SPDX-License-Identifier: ISC */
/* One thread per player, from accept to the end of the connection. */
#ifndef GS_SESSION_H
#define GS_SESSION_H

#include "db.h"

#include <pthread.h>

struct gs_session;

struct gs_sessions {
	struct gs_source *source; /* borrowed */
	pthread_mutex_t lock;
	pthread_cond_t left;
	struct gs_session *first;
};

/* gs_session_start gives fd to a new thread, which closes it; where no thread can be had, says
 * so in the log and closes fd. */
void gs_session_start(struct gs_sessions *sessions, int fd);

/* gs_sessions_stop hangs up on every player and waits for their threads; false where some are
 * still there after `seconds`. */
bool gs_sessions_stop(struct gs_sessions *sessions, int seconds);

#endif
