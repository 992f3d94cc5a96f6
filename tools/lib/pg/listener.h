/* SPDX-License-Identifier: ISC */
/* listener.h: who listens on a TCP port of this host, as /proc tells it. Linux only. */
#pragma once

#include <stddef.h>
#include "base/err.h"

/* A listening socket: its address as text, and the inode that /proc/PID/fd names it by. */
struct tw_listener {
	char address[64];
	unsigned long inode;
};

#define TW_LISTENERS_MAX 32
struct tw_listeners {
	size_t n;
	struct tw_listener item[TW_LISTENERS_MAX];
};

/*
 * tw_listener_find lists the sockets that take connections to `address`:`port`: bound to it or to
 * every address. `address` is numeric, a host name, or "*" for any.
 * Errors: EX_UNAVAILABLE (the name does not resolve), EX_OSERR (/proc cannot be read).
 */
bool tw_listener_find(const char *address, int port, struct tw_listeners *found, struct tw_err *e);

/* tw_listener_any tells whether anybody listens on `port`, on whatever address. */
bool tw_listener_any(int port, bool *any, struct tw_err *e);

/*
 * tw_listener_owned tells whether process `pid` holds a socket. A process that does not exist holds
 * nothing. EX_NOPERM where its descriptors may not be read.
 */
bool tw_listener_owned(int pid, unsigned long inode, bool *owned, struct tw_err *e);
