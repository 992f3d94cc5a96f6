/* SPDX-License-Identifier: ISC */
/* hba.c: one line, one rule: type, databases, users, address, method. */
#include "hba.h"
#include "site/keys.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 256

enum token { WORD, QUOTED, COMMA, END, BROKEN };

/* A line being read: the present token, where it begins, and its text, cut to WORD_MAX. */
struct line {
	const char *start, *next, *at;
	enum token token;
	char word[WORD_MAX];
	int version;
	const char *why; /* what is wrong, at `at` */
};

/* quoted_read copies what stands between quotes, a doubled one once. */
static void
quoted_read(struct line *l)
{
	const char *s = l->at + 1;
	size_t n = 0;

	for (; *s != '\0' && (s[0] != '"' || s[1] == '"'); s++) {
		if (*s == '"')
			s++;
		if (n + 1 < sizeof(l->word))
			l->word[n++] = *s;
	}
	l->word[n] = '\0';
	l->token = *s == '"' ? QUOTED : BROKEN;
	l->next = *s == '"' ? s + 1 : s;
}

/* token_next moves to the next token. */
static void
token_next(struct line *l)
{
	size_t n;

	if (l->token == END)
		return;
	l->at = l->next + strspn(l->next, " \t\n\v\f\r");
	switch (*l->at) {
	case '\0':
	case '#':
		l->token = END;
		return;
	case ',':
		l->token = COMMA;
		l->next = l->at + 1;
		return;
	case '"':
		quoted_read(l);
		return;
	}
	n = 1 + strcspn(l->at + 1, ",#\" \t\n\v\f\r");
	l->next = l->at + n;
	l->token = WORD;
	if (n >= sizeof(l->word))
		n = sizeof(l->word) - 1;
	memcpy(l->word, l->at, n);
	l->word[n] = '\0';
}

/* bad records what is wrong with the present token; always false. */
static bool
bad(struct line *l, const char *why)
{
	l->why = why;
	return false;
}

/* at_least tells whether the version is this one or newer. */
static bool
at_least(const struct line *l, int version)
{
	return l->version == 0 || l->version >= version;
}

/* word_is tells whether the present token is this bare word. */
static bool
word_is(const struct line *l, const char *word)
{
	return l->token == WORD && strcmp(l->word, word) == 0;
}

/* names_read reads a list of databases or users. */
static bool
names_read(struct line *l, bool databases)
{
	for (;;) {
		if (l->token != WORD && l->token != QUOTED)
			return bad(l, databases ? "a database is missing" : "a user is missing");
		if (databases && (word_is(l, "samerole") || word_is(l, "samegroup")))
			return bad(l, "PgBouncer does not know samerole and samegroup");
		if (databases && word_is(l, "replication") && !at_least(l, TW_PGBOUNCER(1, 23, 0)))
			return bad(l, "replication is known since PgBouncer 1.23.0");
		if (l->token == WORD && *l->word == '+')
			return bad(l, "PgBouncer does not know groups of roles");
		token_next(l);
		if (l->token != COMMA)
			return true;
		token_next(l);
	}
}

/* address_read reads "10.0.0.0/8", "10.0.0.0 255.0.0.0", or, since 1.23, "all". */
static bool
address_read(struct line *l)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char *slash, *end;
	int family;
	unsigned long bits;

	if (l->token != WORD)
		return bad(l, "an address is missing");
	if (at_least(l, TW_PGBOUNCER(1, 23, 0)) && strcmp(l->word, "all") == 0) {
		token_next(l);
		return true;
	}
	slash = strchr(l->word, '/');
	if (slash != NULL)
		*slash++ = '\0';
	family = inet_pton(AF_INET6, l->word, bytes) == 1 ? AF_INET6 : AF_INET;
	if (family == AF_INET && inet_pton(AF_INET, l->word, bytes) != 1)
		return bad(l, "this is no address");
	if (slash == NULL) {
		token_next(l);
		if (l->token != WORD || inet_pton(family, l->word, bytes) != 1)
			return bad(l, "a mask is missing behind the address");
	} else {
		bits = strtoul(slash, &end, 10);
		if (*end != '\0' || bits > (family == AF_INET ? 32 : 128))
			return bad(l, "this is no mask");
	}
	token_next(l);
	return true;
}

/* method_read reads the method. */
static bool
method_read(struct line *l)
{
	static const struct {
		const char *name;
		int since;
	} methods[] = {
		{ "trust", 0 },         { "reject", 0 },
		{ "md5", 0 },           { "password", 0 },
		{ "peer", 0 },          { "cert", 0 },
		{ "scram-sha-256", 0 }, { "ldap", TW_PGBOUNCER(1, 25, 0) },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (word_is(l, methods[i].name) && at_least(l, methods[i].since)) {
			token_next(l);
			return true;
		}
	}
	return bad(l, "PgBouncer does not know the method");
}

/* rule_read reads a line; *rule tells whether there is one. */
static bool
rule_read(struct line *l, bool *rule)
{
	bool local;

	token_next(l);
	*rule = l->token != END;
	if (!*rule)
		return true;
	local = word_is(l, "local");
	if (!local && !word_is(l, "host") && !word_is(l, "hostssl") && !word_is(l, "hostnossl"))
		return bad(l, "the type is none of local, host, hostssl, hostnossl");
	token_next(l);
	if (!names_read(l, true) || !names_read(l, false) || (!local && !address_read(l)) ||
	    !method_read(l))
		return false;
	if (l->token == WORD && strncmp(l->word, "map=", 4) == 0 &&
	    at_least(l, TW_PGBOUNCER(1, 23, 0)))
		token_next(l);
	return l->token == END || bad(l, "PgBouncer knows no options here");
}

bool
tw_hba_parse(const struct tw_buf *text, const char *file, int version, size_t *rules,
             struct tw_findings *f, struct tw_err *e)
{
	const char *at = tw_buf_text(text);
	bool ok = true;

	*rules = 0;
	for (int n = 1; ok && *at != '\0'; n++) {
		struct tw_buf own = TW_BUF_INIT;
		size_t len = strcspn(at, "\n");
		struct line l = { .version = version, .token = COMMA };
		bool rule = false;

		ok = tw_buf_add(&own, at, len, e);
		l.start = l.next = l.at = tw_buf_text(&own);
		if (ok && !rule_read(&l, &rule))
			ok = tw_finding_add(
			    f, (struct tw_place){ n, (int)(l.at - l.start) + 1, file }, TW_ERROR,
			    "hba", "correct the line", e,
			    "%s: PgBouncer skips the line, and the next one that fits "
			    "decides",
			    l.why);
		else
			*rules += rule;
		tw_buf_free(&own);
		at += len + (at[len] == '\n');
	}
	return ok;
}
