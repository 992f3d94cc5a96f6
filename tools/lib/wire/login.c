/* SPDX-License-Identifier: ISC */
/* login.c: what a server may ask of who logs in: nothing, a password, md5, SCRAM. */
#include "wire_io.h"

#include <arpa/inet.h>
#include <md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The manual's "Message Formats", Authentication... */
enum {
	LOGIN_OK = 0,
	LOGIN_PLAIN = 3,
	LOGIN_MD5 = 5,
	LOGIN_SASL = 10,
	LOGIN_SASL_CONTINUE = 11,
	LOGIN_SASL_FINAL = 12,
};

/* password_send sends a password message: the text with its NUL. */
static bool
password_send(struct tw_wire *w, const char *text, struct tw_err *e)
{
	return tw_wire_message(w, 'p', text, strlen(text) + 1, e);
}

/* hex_md5 is md5 of two pieces, as 32 digits and a NUL. */
static void
hex_md5(const void *a, size_t a_n, const void *b, size_t b_n, char out[MD5_DIGEST_STRING_LENGTH])
{
	MD5_CTX c;

	MD5Init(&c);
	MD5Update(&c, a, a_n);
	MD5Update(&c, b, b_n);
	MD5End(&c, out);
	explicit_bzero(&c, sizeof(c));
}

/* md5_send answers with "md5" + md5(md5(password + user) + salt). */
static bool
md5_send(struct tw_wire *w, const struct tw_wire_target *t, const char salt[4], struct tw_err *e)
{
	char inner[MD5_DIGEST_STRING_LENGTH], answer[3 + MD5_DIGEST_STRING_LENGTH] = "md5";
	bool ok;

	hex_md5(t->password, strlen(t->password), t->user, strlen(t->user), inner);
	hex_md5(inner, strlen(inner), salt, 4, answer + 3);
	ok = password_send(w, answer, e);
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(answer, sizeof(answer));
	return ok;
}

/* sasl_offered tells whether SCRAM-SHA-256 is among the mechanisms, texts one after the other. */
static bool
sasl_offered(const char *list, size_t n)
{
	while (n > 0 && *list != '\0') {
		size_t len = strnlen(list, n);

		if (strcmp(list, "SCRAM-SHA-256") == 0)
			return true;
		if (len == n)
			break;
		list += len + 1;
		n -= len + 1;
	}
	return false;
}

/* scram_begin sends the mechanism and the client's first message. */
static bool
scram_begin(struct tw_wire *w, struct tw_err *e)
{
	static const char mechanism[] = "SCRAM-SHA-256";
	char first[TW_SCRAM_TEXT], body[sizeof(mechanism) + 4 + TW_SCRAM_TEXT];
	uint32_t length;
	size_t n;

	free(w->scram);
	w->scram = calloc(1, sizeof(*w->scram));
	if (w->scram == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	if (!tw_scram_first(w->scram, first, e))
		return false;
	n = strlen(first);
	length = htonl((uint32_t)n);
	memcpy(body, mechanism, sizeof(mechanism));
	memcpy(body + sizeof(mechanism), &length, 4);
	memcpy(body + sizeof(mechanism) + 4, first, n);
	return tw_wire_message(w, 'p', body, sizeof(mechanism) + 4 + n, e);
}

/* scram_go answers the server's first message, or checks its last. */
static bool
scram_go(struct tw_wire *w, struct tw_wire_target *t, uint32_t code, const char *text, size_t n,
         struct tw_err *e)
{
	char last[TW_SCRAM_TEXT];

	if (w->scram == NULL)
		return tw_fail(e, EX_PROTOCOL, "SCRAM message out of place");
	if (code == LOGIN_SASL_CONTINUE)
		return tw_scram_final(w->scram, &t->key, t->password, text, n, last, e) &&
		       tw_wire_message(w, 'p', last, strlen(last), e);
	if (!tw_scram_proven(w->scram, text, n, e))
		return false;
	free(w->scram);
	w->scram = NULL;
	return true;
}

/* answer sends what a request asks for. EX_PROTOCOL, with words, ends the session. */
static bool
answer(struct tw_wire *w, struct tw_wire_target *t, uint32_t code, const char *rest, size_t n,
       struct tw_err *e)
{
	if (code != LOGIN_OK && code != LOGIN_SASL_FINAL && *t->password == '\0')
		return tw_fail(e, EX_PROTOCOL, "fe_sendauth: no password supplied");
	switch (code) {
	case LOGIN_OK:
		return w->scram == NULL ||
		       tw_fail(e, EX_PROTOCOL, "the server has not proven that it knows the secret");
	case LOGIN_PLAIN:
		return password_send(w, t->password, e);
	case LOGIN_MD5:
		return n == 4 ? md5_send(w, t, rest, e)
		              : tw_fail(e, EX_PROTOCOL, "malformed request for md5");
	case LOGIN_SASL:
		return sasl_offered(rest, n)
		           ? scram_begin(w, e)
		           : tw_fail(e, EX_PROTOCOL, "none of the server's SASL mechanisms is known");
	case LOGIN_SASL_CONTINUE:
	case LOGIN_SASL_FINAL:
		return scram_go(w, t, code, rest, n, e);
	default:
		return tw_fail(e, EX_PROTOCOL,
		               "authentication method %u is not supported by this client", code);
	}
}

bool
tw_wire_login(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
              const char *body, size_t n, struct tw_err *e)
{
	struct tw_err own = TW_ERR_INIT;

	if (n >= 4 && answer(w, t, tw_wire_number(body), body + 4, n - 4, &own))
		return true;
	if (own.exit == EX_OSERR) {
		*e = own;
		return false;
	}
	return tw_wire_lose(w, t, ear, n >= 4 ? own.msg : "malformed authentication request", e);
}
