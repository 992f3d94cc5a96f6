/* SPDX-License-Identifier: ISC */
/* wire_io.c: the socket, with TLS in between or without. */
#include "wire_io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

uint32_t
tw_wire_number(const char *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return ntohl(n);
}

bool
tw_wire_send(struct tw_wire *w, const void *bytes, size_t n, struct tw_err *e)
{
	return tw_buf_add(&w->out, bytes, n, e);
}

bool
tw_wire_message(struct tw_wire *w, char type, const void *body, size_t n, struct tw_err *e)
{
	uint32_t length = htonl((uint32_t)n + 4);

	return (type == 0 || tw_buf_add(&w->out, &type, 1, e)) &&
	       tw_buf_add(&w->out, &length, sizeof(length), e) &&
	       (n == 0 || tw_buf_add(&w->out, body, n, e));
}

/* tls_again tells what TLS waits for: NONE with w->events set, or END with its words. */
static enum tw_wire_io
tls_again(struct tw_wire *w, int result, char words[TW_WIRE_WORDS])
{
	int why = SSL_get_error(w->tls, result), kept = errno;
	unsigned long code = ERR_get_error();
	long verified = SSL_get_verify_result(w->tls);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		w->events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLIN | POLLOUT;
		return TW_WIRE_NONE;
	}
	if (verified != X509_V_OK && !SSL_is_init_finished(w->tls))
		snprintf(words, TW_WIRE_WORDS, "SSL error: certificate verify failed: %s",
		         X509_verify_cert_error_string(verified));
	else if (why == SSL_ERROR_SSL && code != 0 &&
	         ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		snprintf(words, TW_WIRE_WORDS, "SSL error: %s", ERR_reason_error_string(code));
	else if (why == SSL_ERROR_SYSCALL && kept != 0)
		snprintf(words, TW_WIRE_WORDS, "%s", strerror(kept));
	else
		snprintf(words, TW_WIRE_WORDS, "server closed the connection");
	ERR_clear_error();
	return TW_WIRE_END;
}

/* some_send sends what the socket takes at once. */
static enum tw_wire_io
some_send(struct tw_wire *w, size_t *sent, char words[TW_WIRE_WORDS])
{
	ssize_t n;

	if (w->tls != NULL) {
		int ok = SSL_write_ex(w->tls, w->out.data, w->out.len, sent);

		return ok == 1 ? TW_WIRE_SOME : tls_again(w, ok, words);
	}
	n = send(w->fd, w->out.data, w->out.len, MSG_NOSIGNAL);
	if (n >= 0) {
		*sent = (size_t)n;
		return TW_WIRE_SOME;
	}
	if (errno == EAGAIN || errno == EINTR) {
		w->events = POLLIN | POLLOUT;
		return TW_WIRE_NONE;
	}
	snprintf(words, TW_WIRE_WORDS, "%s", strerror(errno));
	return TW_WIRE_END;
}

enum tw_wire_io
tw_wire_flush(struct tw_wire *w, char words[TW_WIRE_WORDS])
{
	while (w->out.len > 0) {
		size_t sent = 0;
		enum tw_wire_io done = some_send(w, &sent, words);

		if (done != TW_WIRE_SOME)
			return done;
		memmove(w->out.data, w->out.data + sent, w->out.len - sent);
		w->out.len -= sent;
	}
	tw_buf_free(&w->out);
	w->events = POLLIN;
	return TW_WIRE_SOME;
}

enum tw_wire_io
tw_wire_read(struct tw_wire *w, char *bytes, size_t size, size_t *n, char words[TW_WIRE_WORDS])
{
	ssize_t got;

	if (w->tls != NULL) {
		int ok = SSL_read_ex(w->tls, bytes, size, n);

		return ok == 1 ? TW_WIRE_SOME : tls_again(w, ok, words);
	}
	got = recv(w->fd, bytes, size, 0);
	if (got > 0) {
		*n = (size_t)got;
		return TW_WIRE_SOME;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return TW_WIRE_NONE;
	snprintf(words, TW_WIRE_WORDS, "%s",
	         got == 0 ? "server closed the connection" : strerror(errno));
	return TW_WIRE_END;
}

enum tw_wire_io
tw_wire_shake(struct tw_wire *w, const struct tw_wire_target *t, char words[TW_WIRE_WORDS],
              struct tw_err *e)
{
	int result;

	if (w->tls == NULL) {
		w->tls = SSL_new(t->context);
		if (w->tls == NULL || SSL_set_fd(w->tls, w->fd) != 1 ||
		    (*t->host != '\0' && SSL_set_tlsext_host_name(w->tls, t->host) != 1) ||
		    (t->verify_host && SSL_set1_host(w->tls, t->host) != 1)) {
			tw_fail(e, EX_OSERR, "libssl: no session");
			return TW_WIRE_END;
		}
	}
	ERR_clear_error();
	result = SSL_connect(w->tls);
	return result == 1 ? TW_WIRE_SOME : tls_again(w, result, words);
}
