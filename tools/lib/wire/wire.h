/* SPDX-License-Identifier: ISC */
/*
 * wire.h: a small non-blocking client of PostgreSQL's protocol, version 3.0 (the manual's chapter
 * "Frontend/Backend Protocol"): startup, TLS, passwords in plain text, md5 and SCRAM-SHA-256, one
 * statement at a time by the simple or the extended protocol, cancel. For thousands of sessions in
 * one thread: an idle one has no buffers, and a role's keys are computed once (scram.h). What it
 * cannot do, tw_wire_target_read refuses. No COPY.
 */
#pragma once

#include <stdint.h>
#include "target.h"

enum tw_wire_state {
	TW_WIRE_CLOSED,
	TW_WIRE_CONNECTING, /* connect(2) is under way */
	TW_WIRE_ASKING_TLS, /* the answer to an SSLRequest is due */
	TW_WIRE_SHAKING,    /* hands, as TLS says */
	TW_WIRE_STARTING,   /* until the first ReadyForQuery */
	TW_WIRE_IDLE,
	TW_WIRE_BUSY, /* a statement is under way */
};

/* What a session tells its owner. `words` in the target is the text of each. */
enum tw_wire_event {
	TW_WIRE_UP,     /* logged in, IDLE */
	TW_WIRE_VALUE,  /* the first column of a row; "" for NULL */
	TW_WIRE_ERROR,  /* of a statement, "ERROR:  22012: division by zero" */
	TW_WIRE_NOTICE, /* in the same form; an error while IDLE is one too */
	TW_WIRE_COPY,   /* a statement began a COPY: only tw_wire_close helps */
	TW_WIRE_DONE,   /* the statement is over, IDLE */
	TW_WIRE_LOST,   /* the connection is gone, CLOSED; or the login was refused */
};

/* One session; zeroed it is CLOSED. */
struct tw_wire {
	enum tw_wire_state state;
	int fd;
	short events;       /* what poll(2) is to wait for */
	char transaction;   /* 'I' idle, 'T' in a transaction, 'E' in a failed one */
	uint32_t pid, key;  /* of BackendKeyData: who is to be cancelled */
	struct tw_buf in;   /* a message that has not arrived entirely */
	struct tw_buf out;  /* what could not be sent yet */
	SSL *tls;
	struct tw_scram *scram;
	int cancel_fd;       /* of the last cancel request, + 1; 0: none */
	bool plain, refused; /* no TLS after all; words of refusal came before the end */
	char refusal[256];
};

/*
 * The owner's ear: called by tw_wire_ready and tw_wire_open for each event, in order. It may call
 * tw_wire_query at UP and DONE, and tw_wire_close at any.
 */
typedef bool tw_wire_hear(void *owner, enum tw_wire_event event, const char *words,
                          struct tw_err *e);

struct tw_wire_ear {
	tw_wire_hear *hear;
	void *owner;
};

/* Each of these fails with EX_OSERR or with the ear's error only; what the server does is an event. */

/* tw_wire_open begins to connect a CLOSED session. */
bool tw_wire_open(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
                  struct tw_err *e);

/* tw_wire_ready does what the socket allows, after poll(2) has found it ready. */
bool tw_wire_ready(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
                   struct tw_err *e);

/*
 * tw_wire_query sends one statement on an IDLE session; `extended`: as Parse, Bind, Describe,
 * Execute, Sync, otherwise as a simple Query. A connection that breaks meanwhile is told by the
 * next tw_wire_ready.
 */
bool tw_wire_query(struct tw_wire *w, const char *sql, bool extended, struct tw_err *e);

/* tw_wire_close hangs up, with a Terminate where nothing is under way. Idempotent. */
void tw_wire_close(struct tw_wire *w);

/*
 * tw_wire_cancel asks the server, over a connection of its own, to cancel what the session does.
 * It waits for the connection only; whether it had an effect is told by the statement. False where
 * nobody could be asked. The connection stays until the server ends it: PgBouncer 1.18 dies ("bad
 * client state") where a client that cancels hangs up first.
 */
bool tw_wire_cancel(struct tw_wire *w, const struct tw_wire_target *t);
