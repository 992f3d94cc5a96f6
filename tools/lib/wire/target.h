/* SPDX-License-Identifier: ISC */
/*
 * target.h: where connections of the wire client go, and as whom: looked up once, used by all. Also
 * what they share while they work: the role's SCRAM keys, TLS, a buffer to read into.
 */
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include "base/buf.h"
#include "pg/pg.h"
#include "scram.h"

#define TW_WIRE_SCRATCH ((size_t)65536)
#define TW_WIRE_WORDS 1024

enum tw_wire_tls { TW_WIRE_TLS_NO, TW_WIRE_TLS_PREFER, TW_WIRE_TLS_REQUIRE };

/* A target serves one thread. */
struct tw_wire_target {
	struct sockaddr_storage address;
	socklen_t address_n;
	char place[300]; /* "connection to server at ..." for messages */
	char *host;      /* as given, for the name in a certificate */
	char *password;  /* "" where there is none */
	char *user;
	struct tw_buf startup; /* the packet that begins a session */
	enum tw_wire_tls tls;
	SSL_CTX *context;
	bool verify_host;
	struct tw_scram_key key;
	char *scratch;             /* TW_WIRE_SCRATCH bytes */
	char words[TW_WIRE_WORDS]; /* what the last event had to say */
};

#define TW_WIRE_TARGET_INIT \
	{                   \
		.host = NULL \
	}

void tw_wire_target_free(struct tw_wire_target *t);

/*
 * tw_wire_target_read resolves libpq's parameters: service and password files, addresses, TLS.
 * EX_UNAVAILABLE for a DSN that asks for what only libpq can do (several hosts, GSS, client
 * certificates, required channel binding, a password beyond ASCII), and for a host or service that
 * is not found; EX_NOINPUT for sslrootcert; EX_OSERR.
 */
bool tw_wire_target_read(const struct tw_pg_params *p, struct tw_wire_target *t,
                         struct tw_err *e);
