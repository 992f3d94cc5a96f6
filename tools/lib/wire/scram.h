/* SPDX-License-Identifier: ISC */
/*
 * scram.h: the client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, as
 * PostgreSQL speaks it (protocol-flow, sasl-authentication in its manual). Texts in, texts out; no
 * connection is known here.
 *
 * What costs is the salted password: thousands of rounds of HMAC. It depends on password, salt and
 * iterations alone, so that all sessions of a role share it: struct tw_scram_key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define TW_SCRAM_SHA 32
#define TW_SCRAM_SALT_MAX 128
#define TW_SCRAM_NONCE 25 /* 18 random bytes in base64, and a NUL */
#define TW_SCRAM_TEXT 512 /* no message of ours is longer */

/*
 * The keys of one role. `known` for one salt and number of iterations; anything else is computed
 * anew and replaces it, and `computed` counts how often.
 */
struct tw_scram_key {
	bool known;
	long computed;
	uint8_t salt[TW_SCRAM_SALT_MAX];
	size_t salt_n;
	unsigned long iterations;
	uint8_t client[TW_SCRAM_SHA], stored[TW_SCRAM_SHA], server[TW_SCRAM_SHA];
};

#define TW_SCRAM_KEY_INIT \
	{                 \
		0         \
	}

/* tw_scram_key_free wipes. */
void tw_scram_key_free(struct tw_scram_key *k);

/* One exchange under way. */
struct tw_scram {
	char nonce[TW_SCRAM_NONCE];
	uint8_t signature[TW_SCRAM_SHA]; /* what the server must prove itself with */
};

/* tw_scram_first writes the client's first message. EX_OSERR without random bytes. */
bool tw_scram_first(struct tw_scram *s, char out[TW_SCRAM_TEXT], struct tw_err *e);

/*
 * tw_scram_final answers the server's first message (n bytes) with the client's last. EX_PROTOCOL
 * for a message that is none, EX_OSERR where libcrypto fails.
 */
bool tw_scram_final(struct tw_scram *s, struct tw_scram_key *key, const char *password,
                    const char *server_first, size_t n, char out[TW_SCRAM_TEXT], struct tw_err *e);

/* tw_scram_proven checks the server's last message: EX_PROTOCOL for a server that knows no key. */
bool tw_scram_proven(const struct tw_scram *s, const char *server_final, size_t n,
                     struct tw_err *e);
