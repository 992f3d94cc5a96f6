/* SPDX-License-Identifier: ISC */
/* accept.c: connections that never log in, and SHOW SOCKETS, which lists them all the same. */
#include "accept.h"
#include "admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The console may answer before PgBouncer has got round to accepting: ask again after so many ms,
 * and believe it after so many. */
#define ASK_PAUSE 20
#define ASK_SPAN 1000

/* One try: where to, and the connection under way. fd is -1 where there is none. */
struct
try {
	int fd;
	bool wildcard; /* one of the addresses that "every address" stands for */
	struct sockaddr_storage peer;
	socklen_t size;
	struct tw_accept result;
};

struct tries {
	size_t n;
	struct try item[TW_ACCEPTS_MAX];
};

/* name_of writes a socket address's host and port as numbers, as SHOW SOCKETS does. */
static bool
name_of(const struct sockaddr_storage *a, socklen_t size, char host[64], char port[16])
{
	return getnameinfo((const struct sockaddr *)(const void *)a, size, host, 64, port, 16,
	                   NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

/* tries_add resolves one address and adds what it means. */
static bool
tries_add(struct tries *t, const char *address, int port, bool wildcard, struct tw_err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char service[16], unused[16];
	int failed;

	snprintf(service, sizeof(service), "%d", port);
	failed = getaddrinfo(address, service, &hints, &list);
	if (failed != 0)
		return tw_fail(e, EX_UNAVAILABLE, "address '%s' of listen_addr: %s", address,
		               gai_strerror(failed));
	for (const struct addrinfo *ai = list; ai != NULL && t->n < TW_ACCEPTS_MAX;
	     ai = ai->ai_next) {
		struct try own = { .fd = -1, .wildcard = wildcard, .size = ai->ai_addrlen };
		bool known = false;

		memcpy(&own.peer, ai->ai_addr, ai->ai_addrlen);
		if (!name_of(&own.peer, own.size, own.result.address, unused))
			continue;
		for (size_t i = 0; i < t->n; i++)
			known = known || strcmp(t->item[i].result.address, own.result.address) == 0;
		if (!known)
			t->item[t->n++] = own;
	}
	freeaddrinfo(list);
	return true;
}

/* tries_list adds all addresses of a listen_addr. */
static bool
tries_list(struct tries *t, const char *listen_addr, int port, struct tw_err *e)
{
	char copy[sizeof(((struct tw_sample *)NULL)->listen_addr)], *next = copy, *word;
	bool ok = true;

	snprintf(copy, sizeof(copy), "%s", listen_addr);
	while (ok && (word = strsep(&next, ", \t")) != NULL) {
		bool all = strcmp(word, "*") == 0;

		if (all || strcmp(word, "0.0.0.0") == 0)
			ok = tries_add(t, "127.0.0.1", port, true, e);
		if (ok && (all || strcmp(word, "::") == 0))
			ok = tries_add(t, "::1", port, true, e);
		else if (ok && *word != '\0' && !all && strcmp(word, "0.0.0.0") != 0)
			ok = tries_add(t, word, port, false, e);
	}
	return ok;
}

/* try_start begins to connect. */
static void
try_start(struct try *t)
{
	t->result.state = TW_ACCEPT_LATE;
	t->fd = socket(t->peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd >= 0 &&
	    (connect(t->fd, (const struct sockaddr *)(const void *)&t->peer, t->size) == 0 ||
	     errno == EINPROGRESS))
		return;
	t->result.state = TW_ACCEPT_FAILED;
	t->result.error = errno;
}

/*
 * try_finish takes over how connecting ended. PgBouncer defers accepting until a client has spoken
 * (tcp_defer_accept), so that an SSLRequest is sent, which asks for nothing but one byte.
 */
static void
try_finish(struct try *t)
{
	static const unsigned char ssl_request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };
	socklen_t size = sizeof(t->result.error);

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &t->result.error, &size) != 0)
		t->result.error = errno;
	if (t->result.error == 0 && send(t->fd, ssl_request, sizeof(ssl_request), MSG_NOSIGNAL) < 0)
		t->result.error = errno;
	t->result.state = t->result.error == 0 ? TW_ACCEPT_FOREIGN : TW_ACCEPT_FAILED;
}

/* tries_connect connects to all at once; who does not answer until the deadline stays LATE. */
static void
tries_connect(struct tries *t, tw_ms deadline)
{
	struct pollfd p[TW_ACCEPTS_MAX];
	size_t open = 0;

	for (size_t i = 0; i < t->n; i++) {
		try_start(&t->item[i]);
		open += t->item[i].result.state == TW_ACCEPT_LATE;
	}
	while (open > 0) {
		tw_ms left = deadline - tw_pg_now();

		for (size_t i = 0; i < t->n; i++) {
			bool late = t->item[i].result.state == TW_ACCEPT_LATE;

			p[i] = (struct pollfd){ late ? t->item[i].fd : -1, POLLOUT, 0 };
		}
		if (left <= 0 ||
		    (poll(p, (nfds_t)t->n, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR))
			return;
		for (size_t i = 0; i < t->n; i++) {
			if (p[i].revents != 0) {
				try_finish(&t->item[i]);
				open--;
			}
		}
	}
}

/* try_shown tells whether the console's sockets include our end of a connection. */
static bool
try_shown(const struct try *t, const PGresult *rows)
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);
	char host[64], port[16];

	if (getsockname(t->fd, (struct sockaddr *)(void *)&own, &size) != 0 ||
	    !name_of(&own, size, host, port))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		const char *addr = tw_admin_value(rows, i, "addr");
		const char *number = tw_admin_value(rows, i, "port");

		if (addr != NULL && number != NULL && strcmp(addr, host) == 0 &&
		    strcmp(number, port) == 0)
			return true;
	}
	return false;
}

/* tries_prove finds out which of the connections that were accepted are the console's. */
static bool
tries_prove(struct tries *t, PGconn *console, tw_ms deadline, struct tw_err *e)
{
	tw_ms enough = tw_pg_now() + ASK_SPAN;

	for (;;) {
		PGresult *rows = NULL;
		size_t foreign = 0;

		if (!tw_admin_show(console, TW_ADMIN_SOCKETS, deadline, &rows, e))
			return false;
		for (size_t i = 0; i < t->n; i++) {
			struct try *one = &t->item[i];

			if (one->result.state == TW_ACCEPT_FOREIGN && try_shown(one, rows))
				one->result.state = TW_ACCEPT_OURS;
			foreign += one->result.state == TW_ACCEPT_FOREIGN;
		}
		PQclear(rows);
		if (foreign == 0 || tw_pg_now() >= enough || tw_pg_now() + ASK_PAUSE >= deadline)
			return true;
		poll(NULL, 0, ASK_PAUSE);
	}
}

/* console_remote tells whether the console was reached over TCP, on another host than this. */
static bool
console_remote(const PGconn *console)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
	char a[64], b[64], port[16];
	int fd = PQsocket(console);

	return getsockname(fd, (struct sockaddr *)(void *)&own, &own_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)(void *)&peer, &peer_size) == 0 &&
	       own.ss_family != AF_UNIX && name_of(&own, own_size, a, port) &&
	       name_of(&peer, peer_size, b, port) && strcmp(a, b) != 0;
}

/* tries_take closes the connections and hands over the results. */
static void
tries_take(struct tries *t, bool shared, struct tw_accepts *out)
{
	for (size_t i = 0; i < t->n; i++) {
		struct try *one = &t->item[i];
		int error = one->result.error;

		if (one->fd >= 0)
			close(one->fd);
		/* A host without IPv6 has no ::1, and then "*" does not mean it. */
		if (one->wildcard && one->result.state == TW_ACCEPT_FAILED &&
		    (error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == ENETUNREACH))
			continue;
		if (shared && one->result.state == TW_ACCEPT_FOREIGN)
			one->result.state = TW_ACCEPT_SHARED;
		out->item[out->n++] = one->result;
	}
}

bool
tw_accept_probe(PGconn *console, const struct tw_sample *sample, tw_ms deadline,
                struct tw_accepts *out, struct tw_err *e)
{
	struct tries t = { 0 };
	bool ok;

	*out = (struct tw_accepts){ .remote = console_remote(console) };
	if (out->remote)
		return true;
	ok = tries_list(&t, sample->listen_addr, sample->listen_port, e);
	if (ok && t.n > 0) {
		/* Half of the time: one that hangs must not keep the others from being proven. */
		tries_connect(&t, tw_pg_now() + (deadline - tw_pg_now()) / 2);
		ok = sample->so_reuseport || tries_prove(&t, console, deadline, e);
	}
	tries_take(&t, sample->so_reuseport, out);
	return ok;
}
