/* SPDX-License-Identifier: ISC */
/* peer.h: connections over a Unix socket that the other side lets in by the caller's OS user. */
#pragma once

#include "pg.h"

/*
 * tw_peer_connect is tw_pg_connect, but root connects as the owner of the socket, who is the OS
 * user that PgBouncer lets into its console and PostgreSQL its superuser (the peer's effective user
 * counts, unix(7)). Elsewhere than at a socket whose file is known, and for others than root, it is
 * tw_pg_connect. Not while another thread depends on the effective user.
 */
bool tw_peer_connect(const struct tw_pg_params *p, tw_ms deadline, PGconn **conn, struct tw_err *e);
