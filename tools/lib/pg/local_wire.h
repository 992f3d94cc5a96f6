/* SPDX-License-Identifier: ISC */
/* local_wire.h: a connection of local.c, for what asks over it. */
#pragma once

#include "local_message.h"

/* It begins so; what libpq's own struct begins with is a pointer. */
#define LOCAL_MAGIC 0x74775f77697265ULL

/* So many questions at most are sent ahead. */
#define LOCAL_AHEAD_MAX 16

struct local_wire {
	unsigned long long magic;
	int fd;
	struct tw_buf in; /* what was read, from `at` on not yet taken */
	size_t at;
	char path[108];
	size_t ahead_n, ahead_at; /* questions that were sent ahead, and of these answered */
	const char *ahead[LOCAL_AHEAD_MAX];
};

/* tw_local_wire is what a connection of ours is. */
struct local_wire *tw_local_wire(const PGconn *conn);

/* tw_local_send sends all of a message before `deadline`. EX_UNAVAILABLE. */
bool tw_local_send(const struct local_wire *w, const struct tw_buf *message, tw_ms deadline,
                   struct tw_err *e);

/* tw_local_next takes the next message; its body is borrowed until the one after. EX_UNAVAILABLE.
 */
bool tw_local_next(struct local_wire *w, tw_ms deadline, struct local_message *m, struct tw_err *e);
