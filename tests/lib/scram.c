/* SPDX-License-Identifier: ISC */
/*
 * scram.c: our SCRAM keys against those of libpq's PQencryptPasswordConn. For tests/passwords.bats and
 * tests/soak/passwords.
 *
 *     scram BYTES...   every password of one of these bytes and of two (hexadecimal, "all": 01 to ff)
 *
 * Prints TRIED same SAME refused REFUSED different DIFFERENT and exits 1 where keys differ. Passwords
 * beyond ASCII must be refused, since SASLprep (RFC 4013) may make others of them.
 */
#include "wire/target.h"

#include <libpq-fe.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long tried, same, refused, different;

/* ascii tells whether a password is one that SASLprep leaves alone. */
static bool
ascii(const char *password)
{
	for (; *password != '\0'; password++) {
		if ((*password & 0x80) != 0)
			return false;
	}
	return true;
}

/* target_refuses tells whether the wire client turns a password down, and says why. */
static bool
target_refuses(const char *password)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_wire_target t = TW_WIRE_TARGET_INIT;
	struct tw_err e = TW_ERR_INIT;
	bool taken;

	tw_pg_params_set(&p, "host", "/nowhere", &e);
	tw_pg_params_set(&p, "user", "u", &e);
	tw_pg_params_set(&p, "password", password, &e);
	taken = tw_wire_target_read(&p, &t, &e);
	tw_wire_target_free(&t);
	tw_pg_params_free(&p);
	return !taken && strstr(e.msg, "SASLprep") != NULL && strstr(e.msg, password) == NULL;
}

/* keys_same plays PostgreSQL's part with the salt of libpq's secret, and compares both keys. */
static bool
keys_same(const char *secret, const char *password)
{
	struct tw_scram s;
	struct tw_scram_key key = TW_SCRAM_KEY_INIT;
	struct tw_err e = TW_ERR_INIT;
	char salt[64], stored[64], server[64], out[TW_SCRAM_TEXT], first[TW_SCRAM_TEXT];
	unsigned char text[2][64];
	unsigned rounds;

	if (sscanf(secret, "SCRAM-SHA-256$%u:%63[^$]$%63[^:]:%63s", &rounds, salt, stored, server) != 4 ||
	    !tw_scram_first(&s, out, &e))
		return false;
	snprintf(first, sizeof(first), "r=%sserver,s=%s,i=%u", s.nonce, salt, rounds);
	if (!tw_scram_final(&s, &key, password, first, strlen(first), out, &e))
		return false;
	EVP_EncodeBlock(text[0], key.stored, sizeof(key.stored));
	EVP_EncodeBlock(text[1], key.server, sizeof(key.server));
	tw_scram_key_free(&key);
	return strcmp((char *)text[0], stored) == 0 && strcmp((char *)text[1], server) == 0;
}

static void
try(PGconn *conn, const char *password)
{
	char *secret;

	tried++;
	if (!ascii(password)) {
		*(target_refuses(password) ? &refused : &different) += 1;
		return;
	}
	secret = PQencryptPasswordConn(conn, password, "u", "scram-sha-256");
	*(secret != NULL && keys_same(secret, password) && !target_refuses(password) ? &same
	                                                                            : &different) += 1;
	PQfreemem(secret);
}

int
main(int argc, char **argv)
{
	char bytes[256] = "", password[3] = "";
	PGconn *conn = PQconnectStart("host=/nowhere"); /* only its memory is needed */
	size_t n = 0;

	for (int i = 1; i < argc && strcmp(argv[1], "all") != 0 && n < 255; i++)
		bytes[n++] = (char)strtol(argv[i], NULL, 16);
	for (int i = 1; argc > 1 && strcmp(argv[1], "all") == 0 && i < 256; i++)
		bytes[n++] = (char)i;
	for (size_t i = 0; i < n; i++) {
		password[0] = bytes[i];
		password[1] = '\0';
		try(conn, password);
		for (size_t j = 0; j < n; j++) {
			password[1] = bytes[j];
			try(conn, password);
		}
	}
	PQfinish(conn);
	printf("%ld same %ld refused %ld different %ld\n", tried, same, refused, different);
	return different != 0;
}
