/* SPDX-License-Identifier: ISC */
/*
 * local.c: a Unix socket, messages in and out, and a deadline on each wait. Questions are in
 * local_query.c, results in local_result.c.
 */
#include "local.h"
#include "local_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The protocol's version 3.0. */
#define PROTOCOL 196608

struct local_wire *
tw_local_wire(const PGconn *conn)
{
	return (struct local_wire *)(uintptr_t)conn;
}

bool
tw_local_is(const PGconn *conn)
{
	unsigned long long magic;

	if (conn == NULL)
		return false;
	memcpy(&magic, (const void *)conn, sizeof(magic));
	return magic == LOCAL_MAGIC;
}

int
tw_local_socket(const PGconn *conn)
{
	return tw_local_wire(conn)->fd;
}

void
tw_local_finish(PGconn *conn)
{
	struct local_wire *w = tw_local_wire(conn);

	/* What is in the way of it is no reason to wait. */
	if (send(w->fd, "X\0\0\0\4", 5, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0;
	close(w->fd);
	tw_buf_free(&w->in);
	w->magic = 0;
	free(w);
}

bool
tw_local_fits(const struct tw_pg_params *p)
{
	static const char *const known[] = { "host", "port", "user", "dbname",
		                             "fallback_application_name" };
	const char *host = tw_pg_params_get(p, "host");
	bool fits = p->wire && host != NULL && host[0] == '/' &&
	            tw_pg_params_get(p, "port") != NULL && tw_pg_params_get(p, "user") != NULL &&
	            tw_pg_params_get(p, "dbname") != NULL;

	for (size_t i = 0; fits && i < p->n; i++) {
		size_t k = 0;

		while (k < sizeof(known) / sizeof(*known) && strcmp(known[k], p->keyword[i]) != 0)
			k++;
		fits = k < sizeof(known) / sizeof(*known);
	}
	return fits;
}

/* wire_wait waits for `events`; EX_UNAVAILABLE at the deadline. */
static bool
wire_wait(const struct local_wire *w, short events, tw_ms deadline, struct tw_err *e)
{
	struct pollfd p = { .fd = w->fd, .events = events };

	for (;;) {
		tw_ms left = deadline - tw_pg_now();
		int n = left > 0 ? poll(&p, 1, left > 60000 ? 60000 : (int)left) : 0;

		if (n > 0)
			return true;
		if (left <= 0)
			return tw_fail(e, EX_UNAVAILABLE, "%s: no answer in time", w->path);
		if (n < 0 && errno != EINTR)
			return tw_fail_errno(e, EX_OSERR, "poll");
	}
}

bool
tw_local_send(const struct local_wire *w, const struct tw_buf *message, tw_ms deadline,
              struct tw_err *e)
{
	size_t sent = 0;

	while (sent < message->len) {
		ssize_t n = send(w->fd, message->data + sent, message->len - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return tw_fail_errno(e, EX_UNAVAILABLE, "%s: send", w->path);
		else if (!wire_wait(w, POLLOUT, deadline, e))
			return false;
	}
	return true;
}

/* wire_read reads what there is, at least one byte. */
static bool
wire_read(struct local_wire *w, tw_ms deadline, struct tw_err *e)
{
	char chunk[16384];
	ssize_t n;

	if (!wire_wait(w, POLLIN, deadline, e))
		return false;
	n = recv(w->fd, chunk, sizeof(chunk), 0);
	if (n > 0)
		return tw_buf_add(&w->in, chunk, (size_t)n, e);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return tw_fail(e, EX_UNAVAILABLE, "server closed the connection unexpectedly");
}

bool
tw_local_next(struct local_wire *w, tw_ms deadline, struct local_message *m, struct tw_err *e)
{
	for (;;) {
		switch (tw_local_message(w->in.data, w->in.len, &w->at, m)) {
		case LOCAL_WHOLE:
			return true;
		case LOCAL_BROKEN:
			return tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
		case LOCAL_PART:
			break;
		}
		/* Nothing is borrowed any more: what was taken goes. */
		if (w->at > 0) {
			memmove(w->in.data, w->in.data + w->at, w->in.len - w->at);
			w->in.len -= w->at;
			w->at = 0;
		}
		if (!wire_read(w, deadline, e))
			return false;
	}
}

/* socket_open connects to the socket's path, as often as its backlog is full. */
static bool
socket_open(struct local_wire *w, tw_ms deadline, struct tw_err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memcpy(at.sun_path, w->path, strlen(w->path) + 1);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return tw_fail_errno(e, EX_OSERR, "socket");
	while (connect(w->fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return tw_fail_errno(e, EX_UNAVAILABLE,
			                     "connection to server on socket \"%s\" failed",
			                     w->path);
		if (tw_pg_now() >= deadline)
			return tw_fail(e, EX_UNAVAILABLE, "%s: no answer in time", w->path);
		poll(NULL, 0, 10);
	}
	return true;
}

/* startup_make is the first message: who we are and what we want. */
static bool
startup_make(const struct tw_pg_params *p, struct tw_buf *out, struct tw_err *e)
{
	static const char *const names[][2] = { { "user", "user" },
		                                { "database", "dbname" },
		                                { "application_name",
		                                  "fallback_application_name" } };
	struct tw_buf body = TW_BUF_INIT;
	bool ok = tw_local_number(&body, PROTOCOL, e);

	for (size_t i = 0; ok && i < sizeof(names) / sizeof(*names); i++) {
		const char *value = tw_pg_params_get(p, names[i][1]);

		if (value != NULL)
			ok = tw_buf_add(&body, names[i][0], strlen(names[i][0]) + 1, e) &&
			     tw_buf_add(&body, value, strlen(value) + 1, e);
	}
	ok = ok && tw_buf_add(&body, "", 1, e) && tw_local_number(out, (long)body.len + 4, e) &&
	     tw_buf_add(out, body.data, body.len, e);
	tw_buf_free(&body);
	return ok;
}

/* login takes what the server says until it is ready. */
static bool
login(struct local_wire *w, tw_ms deadline, bool *wanted, struct tw_err *e)
{
	struct local_message m;
	char text[512], place[160];

	while (tw_local_next(w, deadline, &m, e)) {
		switch (m.type) {
		case 'Z':
			return true;
		case 'R': /* authentication: 0 is none */
			*wanted = m.n < 4 || memcmp(m.body, "\0\0\0\0", 4) != 0;
			if (*wanted)
				return tw_fail(e, EX_NOPERM, "a password is wanted");
			break;
		case 'E':
			tw_local_error(&m, text, sizeof(text));
			snprintf(place, sizeof(place),
			         "connection to server on socket \"%s\" failed", w->path);
			return tw_pg_refused(place, text, e);
		case 'S':
		case 'K':
		case 'N':
		case 'v':
			break;
		default:
			return tw_fail(e, EX_UNAVAILABLE, "not an answer to what was asked");
		}
	}
	return false;
}

bool
tw_local_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, bool *wanted,
                 struct tw_err *e)
{
	struct local_wire *w = calloc(1, sizeof(*w));
	struct tw_buf hello = TW_BUF_INIT;
	bool ok;
	int n;

	*wanted = false;
	if (w == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	w->magic = LOCAL_MAGIC;
	w->fd = -1;
	n = snprintf(w->path, sizeof(w->path), "%s/.s.PGSQL.%s", tw_pg_params_get(p, "host"),
	             tw_pg_params_get(p, "port"));
	ok = n < (int)sizeof(w->path)
	         ? socket_open(w, deadline, e) && startup_make(p, &hello, e) &&
	               tw_local_send(w, &hello, deadline, e) && login(w, deadline, wanted, e)
	         : tw_fail(e, EX_UNAVAILABLE, "Unix-domain socket path \"%s...\" is too long",
	                   w->path);
	tw_buf_free(&hello);
	if (ok)
		*conn = (PGconn *)(void *)w;
	else
		tw_local_finish((PGconn *)(void *)w);
	return ok;
}
