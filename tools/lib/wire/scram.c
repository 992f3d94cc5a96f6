/* SPDX-License-Identifier: ISC */
/* scram.c: attributes, base64, and libcrypto's HMAC and PBKDF2. */
#include "scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More would keep a bot busy for seconds; PostgreSQL's default is 4096. */
#define ITERATIONS_MAX 1000000UL

/* An attribute of a message: the bytes behind "r=". */
struct piece {
	const char *at;
	size_t n;
};

void
tw_scram_key_free(struct tw_scram_key *k)
{
	explicit_bzero(k, sizeof(*k));
}

/* hmac is HMAC-SHA-256. */
static bool
hmac(const uint8_t key[TW_SCRAM_SHA], const void *bytes, size_t n, uint8_t out[TW_SCRAM_SHA],
     struct tw_err *e)
{
	unsigned len = 0;

	return HMAC(EVP_sha256(), key, TW_SCRAM_SHA, bytes, n, out, &len) != NULL ||
	       tw_fail(e, EX_OSERR, "libcrypto: no HMAC-SHA-256");
}

bool
tw_scram_first(struct tw_scram *s, char out[TW_SCRAM_TEXT], struct tw_err *e)
{
	uint8_t bytes[18];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return tw_fail(e, EX_OSERR, "libcrypto: no random bytes");
	EVP_EncodeBlock((unsigned char *)s->nonce, bytes, sizeof(bytes));
	/* The user's name was in the startup packet; PostgreSQL ignores the one here. */
	snprintf(out, TW_SCRAM_TEXT, "n,,n=,r=%s", s->nonce);
	return true;
}

/* attribute finds "X=..." in a message. */
static bool
attribute(const char *message, size_t n, char name, struct piece *p)
{
	size_t i = 0;

	while (i < n) {
		const char *comma = memchr(message + i, ',', n - i);
		size_t end = comma != NULL ? (size_t)(comma - message) : n;

		if (end - i >= 2 && message[i] == name && message[i + 1] == '=') {
			*p = (struct piece){ message + i + 2, end - i - 2 };
			return true;
		}
		i = end + 1;
	}
	return false;
}

/* base64_read decodes; false for what is no base64 or longer than `max` bytes. */
static bool
base64_read(struct piece p, uint8_t *out, size_t max, size_t *n)
{
	uint8_t bytes[TW_SCRAM_SALT_MAX + 3];
	size_t pad = 0;
	int got;

	if (p.n == 0 || p.n % 4 != 0 || p.n / 4 * 3 > sizeof(bytes))
		return false;
	while (pad < 2 && p.at[p.n - 1 - pad] == '=')
		pad++;
	got = EVP_DecodeBlock(bytes, (const unsigned char *)p.at, (int)p.n);
	if (got < (int)pad || (size_t)got - pad > max)
		return false;
	*n = (size_t)got - pad;
	memcpy(out, bytes, *n);
	return true;
}

/* key_compute is where the time goes, once for each role. */
static bool
key_compute(struct tw_scram_key *k, const char *password, const uint8_t *salt, size_t salt_n,
            unsigned long iterations, struct tw_err *e)
{
	uint8_t salted[TW_SCRAM_SHA];
	bool ok;

	if (k->known && k->salt_n == salt_n && memcmp(k->salt, salt, salt_n) == 0 &&
	    k->iterations == iterations)
		return true;
	k->known = false;
	ok = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_n, (int)iterations,
	                       EVP_sha256(), sizeof(salted), salted) == 1 ||
	     tw_fail(e, EX_OSERR, "libcrypto: no PBKDF2");
	ok = ok && hmac(salted, "Client Key", 10, k->client, e) &&
	     hmac(salted, "Server Key", 10, k->server, e) &&
	     (EVP_Digest(k->client, sizeof(k->client), k->stored, NULL, EVP_sha256(), NULL) == 1 ||
	      tw_fail(e, EX_OSERR, "libcrypto: no SHA-256"));
	explicit_bzero(salted, sizeof(salted));
	if (!ok)
		return false;
	memcpy(k->salt, salt, salt_n);
	k->salt_n = salt_n;
	k->iterations = iterations;
	k->known = true;
	k->computed++;
	return true;
}

/* count_read is a number of iterations, 0 for what is none. */
static unsigned long
count_read(struct piece p)
{
	unsigned long n = 0;

	for (size_t i = 0; i < p.n; i++) {
		if (p.at[i] < '0' || p.at[i] > '9' || n > ITERATIONS_MAX)
			return 0;
		n = 10 * n + (unsigned long)(p.at[i] - '0');
	}
	return n <= ITERATIONS_MAX ? n : 0;
}

/* proof_add completes the client's last message, and keeps what the server must answer. */
static bool
proof_add(struct tw_scram *s, const struct tw_scram_key *key, const char *auth, char *out,
          struct tw_err *e)
{
	uint8_t proof[TW_SCRAM_SHA];
	unsigned char text[4 * ((TW_SCRAM_SHA + 2) / 3) + 1];
	size_t n = strlen(out);

	if (!hmac(key->stored, auth, strlen(auth), proof, e) ||
	    !hmac(key->server, auth, strlen(auth), s->signature, e))
		return false;
	for (size_t i = 0; i < sizeof(proof); i++)
		proof[i] ^= key->client[i];
	EVP_EncodeBlock(text, proof, sizeof(proof));
	snprintf(out + n, TW_SCRAM_TEXT - n, ",p=%s", (const char *)text);
	return true;
}

bool
tw_scram_final(struct tw_scram *s, struct tw_scram_key *key, const char *password,
               const char *server_first, size_t n, char out[TW_SCRAM_TEXT], struct tw_err *e)
{
	char auth[3 * TW_SCRAM_TEXT];
	struct piece nonce, salt64, count;
	uint8_t salt[TW_SCRAM_SALT_MAX];
	size_t salt_n = 0, own = strlen(s->nonce);
	unsigned long iterations;

	if (!attribute(server_first, n, 'r', &nonce) || !attribute(server_first, n, 's', &salt64) ||
	    !attribute(server_first, n, 'i', &count) || n >= TW_SCRAM_TEXT ||
	    nonce.n > TW_SCRAM_TEXT / 2 || !base64_read(salt64, salt, sizeof(salt), &salt_n) ||
	    (iterations = count_read(count)) == 0)
		return tw_fail(e, EX_PROTOCOL, "malformed SCRAM message from the server");
	if (nonce.n <= own || memcmp(nonce.at, s->nonce, own) != 0)
		return tw_fail(e, EX_PROTOCOL, "SCRAM nonce of another session");
	if (!key_compute(key, password, salt, salt_n, iterations, e))
		return false;
	snprintf(out, TW_SCRAM_TEXT, "c=biws,r=%.*s", (int)nonce.n, nonce.at);
	snprintf(auth, sizeof(auth), "n=,r=%s,%.*s,%s", s->nonce, (int)n, server_first, out);
	return proof_add(s, key, auth, out, e);
}

bool
tw_scram_proven(const struct tw_scram *s, const char *server_final, size_t n, struct tw_err *e)
{
	struct piece v;
	uint8_t signature[TW_SCRAM_SHA];
	size_t len = 0;

	if (!attribute(server_final, n, 'v', &v) ||
	    !base64_read(v, signature, sizeof(signature), &len) || len != sizeof(signature) ||
	    CRYPTO_memcmp(signature, s->signature, len) != 0)
		return tw_fail(e, EX_PROTOCOL, "the server does not know the role's secret");
	return true;
}
