/* SPDX-License-Identifier: ISC */
/*
 * accept.h: whether the addresses that PgBouncer should listen on take connections, and whether it
 * is this PgBouncer that takes them: up to 1.18 it comes up on its Unix socket alone where the port
 * is taken, and clients talk to whoever has it.
 */
#pragma once

#include "stress/sample.h"

enum tw_accept_state {
	TW_ACCEPT_OURS,    /* the console shows our connection */
	TW_ACCEPT_SHARED,  /* accepted; with so_reuseport by any process of the group */
	TW_ACCEPT_FOREIGN, /* accepted, and the console does not show it */
	TW_ACCEPT_LATE,    /* no answer */
	TW_ACCEPT_FAILED,  /* refused, or otherwise not there */
};

/* One address; `error` is the errno of FAILED. */
struct tw_accept {
	char address[64];
	enum tw_accept_state state;
	int error;
};

/*
 * remote: the console is on another host, so that these addresses are not ours to try; it was
 * itself reached over TCP.
 */
#define TW_ACCEPTS_MAX 16
struct tw_accepts {
	bool remote;
	size_t n;
	struct tw_accept item[TW_ACCEPTS_MAX];
};

/*
 * tw_accept_probe connects to each address of the sample's listen_addr at once, those that mean
 * every address as loopback, and asks the console for these connections. They do not log in.
 * Errors: EX_UNAVAILABLE (a name does not resolve, the console fails), EX_OSERR.
 */
bool tw_accept_probe(PGconn *console, const struct tw_sample *sample, tw_ms deadline,
                     struct tw_accepts *out, struct tw_err *e);
