/* SPDX-License-Identifier: ISC */
/*
 * client.h: the connection of a bot: our own wire client, or libpq as the reference. Both tell what
 * happens by the events of wire.h, so that a bot does not know which one it has.
 */
#pragma once

#include "wire/wire.h"

enum tw_client_kind { TW_CLIENT_WIRE, TW_CLIENT_LIBPQ };

/* What all clients of a run have in common. `target` is for the wire client only. */
struct tw_clients {
	enum tw_client_kind kind;
	const struct tw_pg_params *params;
	struct tw_wire_target *target;
	bool simple; /* the simple protocol instead of the extended one */
};

/* One connection; zeroed it is closed. */
struct tw_client {
	struct tw_wire wire;
	PGconn *pg;
	bool up;
	short events;    /* libpq's */
	char *last_said; /* to libpq, unasked */
};

/*
 * tw_client_open begins to connect. Here and below: what happens is told to the ear, also before
 * the call returns; false with EX_OSERR, or the ear's error, only.
 */
bool tw_client_open(struct tw_client *c, const struct tw_clients *all,
                    const struct tw_wire_ear *ear, struct tw_err *e);

/* tw_client_ready does what the socket allows, after it was found ready. */
bool tw_client_ready(struct tw_client *c, const struct tw_clients *all,
                     const struct tw_wire_ear *ear, struct tw_err *e);

/* tw_client_query sends one statement; only while nothing is under way. */
bool tw_client_query(struct tw_client *c, const struct tw_clients *all,
                     const struct tw_wire_ear *ear, const char *sql, struct tw_err *e);

/* tw_client_socket is the descriptor, -1 while closed; tw_client_events what poll(2) waits for. */
int tw_client_socket(const struct tw_client *c);
short tw_client_events(const struct tw_client *c);

/* tw_client_pid is the backend that the server named at the login. */
long tw_client_pid(const struct tw_client *c);

/* tw_client_in_transaction tells whether the session is in a transaction, failed or not. */
bool tw_client_in_transaction(const struct tw_client *c);

/* tw_client_secret is the password, for masking; borrowed, may be NULL. */
const char *tw_client_secret(const struct tw_client *c, const struct tw_clients *all);

/* tw_client_cancel asks to cancel what is under way; waits for a connection of its own. */
bool tw_client_cancel(struct tw_client *c, const struct tw_clients *all);

/* tw_client_close hangs up and tells nobody. Idempotent. */
void tw_client_close(struct tw_client *c);
