/* SPDX-License-Identifier: ISC */
#include "session.h"
#include "commands.h"
#include "lines.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 1024 * 1024 };

struct gs_session {
	struct gs_sessions *sessions;
	struct gs_session *next;
	struct gs_player player;
	struct gs_lines in;
};

static void
enlist(struct gs_session *s)
{
	pthread_mutex_lock(&s->sessions->lock);
	s->next = s->sessions->first;
	s->sessions->first = s;
	pthread_mutex_unlock(&s->sessions->lock);
}

/* discharge frees s; the descriptor is closed under the lock, so that gs_sessions_stop never
 * hangs up on a number that belongs to somebody else by then. */
static void
discharge(struct gs_session *s)
{
	struct gs_sessions *sessions = s->sessions;
	pthread_mutex_lock(&sessions->lock);
	struct gs_session **at = &sessions->first;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	close(s->in.fd);
	free(s);
	pthread_cond_signal(&sessions->left);
	pthread_mutex_unlock(&sessions->lock);
}

/* answer sends and releases it; false where the player is gone. */
static bool
answer(struct gs_session *s, json_t *it)
{
	size_t len = json_dumpb(it, NULL, 0, JSON_COMPACT);
	char *text = malloc(len + 1);
	bool ok = text && json_dumpb(it, text, len, JSON_COMPACT) == len;
	if (ok) {
		text[len] = '\n';
		ok = gs_line_send(s->in.fd, text, len + 1);
	}
	free(text);
	json_decref(it);
	return ok;
}

static void *
serve(void *arg)
{
	struct gs_session *s = arg;
	enum gs_line got;
	char *line;
	size_t len;
	bool ok = true;
	while (ok && !s->player.leaving && (got = gs_line_read(&s->in, &line, &len)) != GS_LINE_END)
		ok = answer(s, got == GS_LINE_TOO_LONG ? gs_command_refusal("line too long")
		                                       : gs_command_answer(&s->player, line, len));

	gs_db_close(&s->player.db);
	if (s->player.logged_in)
		gs_log(GS_INFO, "player '%s' left", s->player.name);
	discharge(s);
	return NULL;
}

void
gs_session_start(struct gs_sessions *sessions, int fd)
{
	pthread_t thread;
	pthread_attr_t attr;
	struct gs_session *s = calloc(1, sizeof *s);
	if (!s) {
		gs_log(GS_ERROR, "no memory for a session");
		close(fd);
		return;
	}
	s->sessions = sessions;
	s->player.source = sessions->source;
	s->player.db = (struct gs_db)GS_DB_INIT;
	s->in.fd = fd;
	enlist(s);

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	int failed = pthread_create(&thread, &attr, serve, s);
	pthread_attr_destroy(&attr);
	if (failed) {
		gs_log(GS_ERROR, "no thread for a session: %s", strerror(failed));
		discharge(s);
	}
}

bool
gs_sessions_stop(struct gs_sessions *sessions, int seconds)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;

	pthread_mutex_lock(&sessions->lock);
	for (struct gs_session *s = sessions->first; s; s = s->next)
		shutdown(s->in.fd, SHUT_RDWR);
	int failed = 0;
	while (sessions->first && !failed)
		failed = pthread_cond_timedwait(&sessions->left, &sessions->lock, &until);
	bool all = !sessions->first;
	pthread_mutex_unlock(&sessions->lock);
	return all;
}
