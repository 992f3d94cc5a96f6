/* SPDX-License-Identifier: ISC */
/* wire.c: a session from its first byte to its last. */
#include "wire_io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No message of a server that we speak with is longer: rows are read, not kept. */
#define MESSAGE_MAX ((size_t)64 << 20)

/* The manual's "Message Formats", SSLRequest and CancelRequest. */
#define TLS_REQUEST 80877103
#define CANCEL_REQUEST 80877102

#define CANCEL_PATIENCE 1000 /* ms */

/* lose_at ends a session that never came up, with the place in its words. */
static bool
lose_at(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
        const char *why, struct tw_err *e)
{
	char words[TW_WIRE_WORDS + sizeof(t->place) + 2];

	snprintf(words, sizeof(words), "%s: %s", t->place, why);
	return tw_wire_lose(w, t, ear, words, e);
}

/* socket_open begins a connection; -1 with errno. */
static int
socket_open(const struct tw_wire_target *t, int more)
{
	int fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | more, 0), on = 1, kept;

	if (fd < 0)
		return -1;
	if (t->address.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&t->address, t->address_n) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	kept = errno;
	close(fd);
	errno = kept;
	return -1;
}

bool
tw_wire_open(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
             struct tw_err *e)
{
	*w = (struct tw_wire){ .state = TW_WIRE_CONNECTING, .events = POLLOUT };
	w->fd = socket_open(t, SOCK_NONBLOCK);
	return w->fd >= 0 || lose_at(w, t, ear, strerror(errno), e);
}

/* connected begins the talk: with a question for TLS, or with the startup packet. */
static bool
connected(struct tw_wire *w, struct tw_wire_target *t, struct tw_err *e)
{
	uint32_t request = htonl(TLS_REQUEST);

	if (t->tls != TW_WIRE_TLS_NO && w->tls == NULL && !w->plain) {
		w->state = TW_WIRE_ASKING_TLS;
		return tw_wire_message(w, 0, &request, sizeof(request), e);
	}
	w->state = TW_WIRE_STARTING;
	return tw_wire_send(w, t->startup.data, t->startup.len, e);
}

/* connect_end tells how connect(2) has ended. */
static bool
connect_end(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
            struct tw_err *e)
{
	int code = 0;
	socklen_t n = sizeof(code);

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &code, &n) != 0)
		code = errno;
	return code == 0 ? connected(w, t, e) : lose_at(w, t, ear, strerror(code), e);
}

/*
 * tls_answer reads the one byte that answers the request, and no more: what came after it before
 * the handshake would be from somebody in between.
 */
static bool
tls_answer(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
           struct tw_err *e)
{
	char byte, words[TW_WIRE_WORDS];
	size_t n = 0;

	switch (tw_wire_read(w, &byte, 1, &n, words)) {
	case TW_WIRE_NONE:
		return true;
	case TW_WIRE_END:
		return lose_at(w, t, ear, words, e);
	case TW_WIRE_SOME:
		break;
	}
	if (byte == 'S') {
		w->state = TW_WIRE_SHAKING;
		w->events = POLLIN | POLLOUT;
		return true;
	}
	if (byte == 'E') {
		/* An error in the place of an answer: PostgreSQL without a free slot. */
		w->state = TW_WIRE_STARTING;
		return tw_buf_add(&w->in, &byte, 1, e);
	}
	if (byte != 'N' || t->tls == TW_WIRE_TLS_REQUIRE)
		return lose_at(w, t, ear, "server does not support SSL, but SSL was required", e);
	w->plain = true;
	return connected(w, t, e);
}

/* shake takes the handshake on. */
static bool
shake(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear, struct tw_err *e)
{
	char words[TW_WIRE_WORDS];

	switch (tw_wire_shake(w, t, words, e)) {
	case TW_WIRE_NONE:
		return true;
	case TW_WIRE_END:
		return e->exit == 0 && lose_at(w, t, ear, words, e);
	case TW_WIRE_SOME:
		break;
	}
	return connected(w, t, e);
}

/* messages_parse handles all messages that are there entirely; *used is where the rest begins. */
static bool
messages_parse(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
               const char *bytes, size_t n, size_t *used, struct tw_err *e)
{
	*used = 0;
	while (w->state != TW_WIRE_CLOSED && n - *used >= 5) {
		size_t length = tw_wire_number(bytes + *used + 1);

		if (length < 4 || length > MESSAGE_MAX)
			return tw_wire_lose(w, t, ear, "the server does not speak the protocol", e);
		if (n - *used < length + 1)
			break;
		if (!tw_wire_parse(w, t, ear, bytes[*used], bytes + *used + 5, length - 4, e))
			return false;
		*used += length + 1;
	}
	return true;
}

/* bytes_take handles what was read together with what was kept; a rest is kept. */
static bool
bytes_take(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear, size_t n,
           struct tw_err *e)
{
	struct tw_buf kept = w->in;
	size_t used;
	bool ok;

	if (kept.len == 0) {
		ok = messages_parse(w, t, ear, t->scratch, n, &used, e);
		if (ok && w->state != TW_WIRE_CLOSED && used < n)
			ok = tw_buf_add(&w->in, t->scratch + used, n - used, e);
		return ok;
	}
	/* The ear may close the session: the bytes are ours meanwhile. */
	w->in = (struct tw_buf)TW_BUF_INIT;
	ok = tw_buf_add(&kept, t->scratch, n, e) &&
	     messages_parse(w, t, ear, kept.data, kept.len, &used, e);
	if (ok && w->state != TW_WIRE_CLOSED && used < kept.len)
		ok = tw_buf_add(&w->in, kept.data + used, kept.len - used, e);
	tw_buf_free(&kept);
	return ok;
}

/* talk reads until nothing is left, and sends what the answers are. */
static bool
talk(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear, struct tw_err *e)
{
	char words[TW_WIRE_WORDS];

	for (;;) {
		size_t n = 0;
		enum tw_wire_io got = tw_wire_read(w, t->scratch, TW_WIRE_SCRATCH, &n, words);

		if (got == TW_WIRE_NONE)
			return true;
		if (got == TW_WIRE_END)
			return w->state == TW_WIRE_STARTING ? lose_at(w, t, ear, words, e)
			                                    : tw_wire_lose(w, t, ear, words, e);
		if (!bytes_take(w, t, ear, n, e))
			return false;
		/* A short read has emptied the socket; TLS may hold more. */
		if (w->state == TW_WIRE_CLOSED || (w->tls == NULL && n < TW_WIRE_SCRATCH))
			return true;
	}
}

bool
tw_wire_ready(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
              struct tw_err *e)
{
	char words[TW_WIRE_WORDS];
	bool ok = true;

	switch (w->state) {
	case TW_WIRE_CLOSED:
		return true;
	case TW_WIRE_CONNECTING:
		ok = connect_end(w, t, ear, e);
		break;
	case TW_WIRE_ASKING_TLS:
		ok = w->out.len > 0 || tls_answer(w, t, ear, e);
		break;
	case TW_WIRE_SHAKING:
		ok = shake(w, t, ear, e);
		break;
	case TW_WIRE_STARTING:
	case TW_WIRE_IDLE:
	case TW_WIRE_BUSY:
		ok = talk(w, t, ear, e);
		break;
	}
	if (ok && w->state != TW_WIRE_CLOSED && w->out.len > 0 &&
	    tw_wire_flush(w, words) == TW_WIRE_END) {
		/* What it had said before is still to be read. */
		ok = talk(w, t, ear, e);
		if (ok && w->state != TW_WIRE_CLOSED)
			ok = tw_wire_lose(w, t, ear, words, e);
	}
	return ok;
}

/* extended_add appends Parse, Bind, Describe, Execute and Sync of a statement without parameters. */
static bool
extended_add(struct tw_wire *w, const char *sql, struct tw_err *e)
{
	static const char nothing[8], portal[2] = "P", all[5];
	size_t n = strlen(sql) + 1;
	uint32_t length = htonl((uint32_t)(4 + 1 + n + 2));

	return tw_wire_send(w, "P", 1, e) && tw_wire_send(w, &length, 4, e) &&
	       tw_wire_send(w, "", 1, e) && tw_wire_send(w, sql, n, e) &&
	       tw_wire_send(w, nothing, 2, e) && tw_wire_message(w, 'B', nothing, 8, e) &&
	       tw_wire_message(w, 'D', portal, 2, e) && tw_wire_message(w, 'E', all, 5, e) &&
	       tw_wire_message(w, 'S', NULL, 0, e);
}

bool
tw_wire_query(struct tw_wire *w, const char *sql, bool extended, struct tw_err *e)
{
	char words[TW_WIRE_WORDS];

	w->state = TW_WIRE_BUSY;
	w->refused = false;
	if (!(extended ? extended_add(w, sql, e)
	               : tw_wire_message(w, 'Q', sql, strlen(sql) + 1, e)))
		return false;
	/* A connection that breaks here becomes readable: then it is told. */
	if (tw_wire_flush(w, words) == TW_WIRE_END)
		tw_buf_free(&w->out);
	return true;
}

/* cancel_end waits a moment until the server has hung up on the last cancel request. */
static void
cancel_end(struct tw_wire *w)
{
	struct pollfd p = { .fd = w->cancel_fd - 1, .events = POLLIN };

	if (w->cancel_fd == 0)
		return;
	poll(&p, 1, CANCEL_PATIENCE);
	close(p.fd);
	w->cancel_fd = 0;
}

void
tw_wire_close(struct tw_wire *w)
{
	static const char terminate[] = { 'X', 0, 0, 0, 4 };
	char words[TW_WIRE_WORDS];
	struct tw_err ignored = TW_ERR_INIT;

	if (w->state == TW_WIRE_CLOSED)
		return;
	cancel_end(w);
	if (w->state == TW_WIRE_IDLE && tw_wire_send(w, terminate, sizeof(terminate), &ignored))
		tw_wire_flush(w, words);
	SSL_free(w->tls);
	free(w->scram);
	tw_buf_free(&w->in);
	tw_buf_free(&w->out);
	if (w->fd >= 0)
		close(w->fd);
	w->state = TW_WIRE_CLOSED;
	w->tls = NULL;
	w->scram = NULL;
	w->fd = -1;
}

bool
tw_wire_cancel(struct tw_wire *w, const struct tw_wire_target *t)
{
	uint32_t request[4] = { htonl(16), htonl(CANCEL_REQUEST), htonl(w->pid), htonl(w->key) };
	int fd = socket_open(t, 0);
	bool ok = fd >= 0 && send(fd, request, sizeof(request), MSG_NOSIGNAL) == sizeof(request);

	cancel_end(w);
	w->cancel_fd = fd + 1;
	return ok;
}
