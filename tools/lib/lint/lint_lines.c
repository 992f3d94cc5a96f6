/* SPDX-License-Identifier: ISC */
/*
 * lint_lines.c: the lines of [databases], [users] and [peers]. Before 1.16 PgBouncer skips a bad
 * line of the first two, and is without that database; since then it does not start.
 */
#include "conninfo.h"
#include "effect.h"
#include "lint.h"

#include <stdlib.h>
#include <string.h>

/* One line. */
struct line {
	const struct tw_lint *lint;
	const struct tw_ini_entry *entry;
	enum tw_key_scope scope;
	enum tw_severity bad; /* what a line that PgBouncer does not take is */
	bool secret;          /* a password has been seen on the line */
	bool host;
};

/* number_check judges a number, which PgBouncer reads with atoi. */
static bool
number_check(const struct line *l, const struct tw_key *k, const char *value, struct tw_place at,
             struct tw_findings *f, struct tw_err *e)
{
	bool port = strcmp(k->name, "port") == 0, plain;
	int n = tw_effect_number(value, &plain);

	if (port && n == 0)
		return tw_finding_add(f, at, l->bad, "port", "write a number from 1 to 65535", e,
		                      "port: its value is no port, which PgBouncer refuses");
	if (!plain)
		return tw_finding_add(
		    f, at, TW_ERROR, "integer", "write a plain number", e,
		    "%s: its value is not an integer: PgBouncer makes %d of it, in "
		    "silence",
		    k->name, n);
	if (port && n > 65535)
		return tw_finding_add(f, at, TW_ERROR, "port", "write a number from 1 to 65535", e,
		                      "port: %d is no port: PgBouncer takes it modulo 65536", n);
	return true;
}

/* pair_check judges one "key=value" of a line. */
static bool
pair_check(struct line *l, const struct tw_pair *pair, struct tw_place at, struct tw_findings *f,
           struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(l->scope, pair->key);

	l->secret |= strcmp(pair->key, "password") == 0;
	l->host |= strcmp(pair->key, "host") == 0;
	if (k == NULL && l->secret) /* behind a badly quoted password it may be its rest */
		return tw_finding_add(
		    f, at, l->bad, "unknown-key",
		    "single quotes hold a value with blanks; double a quote inside", e,
		    "a key that PgBouncer does not know, behind a password");
	if (pair->swallowed &&
	    !tw_finding_add(f, at, TW_ERROR, "connection-string", "put a blank behind the quote", e,
	                    "%.40s: PgBouncer swallows the byte behind the closing quote",
	                    k != NULL ? pair->key : "a key"))
		return false;
	if (!tw_lint_key(l->lint, l->scope, pair->key, l->bad, at, f, e))
		return false;
	if (k == NULL)
		return true;
	if (strcmp(k->name, "user") == 0 && strlen(pair->value) > tw_lint_name_max(l->lint))
		return tw_finding_add(f, at, TW_ERROR, "name-length", "shorten it", e,
		                      "user: PgBouncer cuts it to %zu bytes",
		                      tw_lint_name_max(l->lint));
	if (k->type == TW_KEY_ENUM && tw_key_word_find(k, pair->value) == NULL)
		return tw_finding_add(f, at, l->bad, "enum", "see pgbouncer(5) for its words", e,
		                      "%s: PgBouncer does not know its value", k->name);
	if (strchr(pair->value, '\t') != NULL &&
	    !tw_finding_add(f, at, TW_WARNING, "connection-string", "put a blank between pairs", e,
	                    "%s: a tab does not end a value: it is a part of it", k->name))
		return false;
	return (k->type != TW_KEY_INT && k->type != TW_KEY_SECONDS) ||
	       number_check(l, k, pair->value, at, f, e);
}

/* pairs_check goes through the line's pairs. */
static bool
pairs_check(struct line *l, struct tw_findings *f, struct tw_err *e)
{
	enum tw_pair_result r = TW_PAIR_END;
	struct tw_place at = l->entry->value_at;
	struct tw_pair pair;
	size_t next = 0;
	bool ok = true;

	while (ok && (r = tw_pair_next(l->entry->value, &next, &pair)) == TW_PAIR) {
		at.column = l->entry->value_at.column + (int)pair.at;
		ok = pair_check(l, &pair, at, f, e);
	}
	at.column = l->entry->value_at.column + (int)pair.at;
	explicit_bzero(&pair, sizeof(pair));
	return ok && (r != TW_PAIR_BROKEN ||
	              tw_finding_add(
			  f, at, l->bad, "connection-string",
			  "write key='value', a blank between pairs, and double a quote inside", e,
			  "PgBouncer cannot read the rest of this line%s",
			  l->secret && !tw_lint_before(l->lint, TW_PGBOUNCER(1, 16, 0))
			      ? ", and writes all of it to its log, the password too"
			      : ""));
}

/* wildcard_check: any name of a client's is a pool of its own. */
static bool
wildcard_check(const struct line *l, struct tw_findings *f, struct tw_err *e)
{
	struct tw_pair pair;

	return atoi(tw_lint_value(l->lint, "max_db_connections")) > 0 ||
	       tw_pair_find(l->entry->value, "max_db_connections", &pair) ||
	       tw_finding_add(f, l->entry->key_at, TW_WARNING, "wildcard",
	                      "name the databases, or set max_db_connections", e,
	                      "'*' makes a pool of every name that a client thinks of, and nothing "
	                      "caps them");
}

/* user_check: who the pool is at PostgreSQL. */
static bool
user_check(const struct line *l, struct tw_findings *f, struct tw_err *e)
{
	struct tw_pair pair;

	if (tw_pair_find(l->entry->value, "user", &pair) && strcmp(pair.value, "postgres") == 0 &&
	    !tw_finding_add(f, l->entry->value_at, TW_WARNING, "superuser",
	                    "give the application a role of its own", e,
	                    "database '%s': every client is the superuser postgres there",
	                    l->entry->key))
		return false;
	return !tw_pair_find(l->entry->value, "password", &pair) ||
	       tw_finding_add(
		   f, l->entry->value_at, TW_WARNING, "password",
		   "put the secret into auth_file, or use auth_query", e,
		   "database '%s': a password stands here, and an error on this line would "
		   "show it in the log",
		   l->entry->key);
}

/* database_check judges the name of a database, and the line. */
static bool
database_check(struct line *l, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_ini_entry *entry = l->entry;

	if (strcmp(entry->key, "pgbouncer") == 0)
		return tw_finding_add(f, entry->key_at, l->bad, "reserved-name",
		                      "choose another name", e, "'pgbouncer' is the admin console");
	if (strlen(entry->key) > 63)
		return tw_finding_add(f, entry->key_at, l->bad, "name-length", "shorten it", e,
		                      "the name has %zu bytes, PgBouncer takes 63",
		                      strlen(entry->key));
	if (strcmp(entry->key, "*") == 0) {
		l->bad = TW_ERROR; /* it is read when a client comes */
		return wildcard_check(l, f, e) && pairs_check(l, f, e);
	}
	return pairs_check(l, f, e) && user_check(l, f, e);
}

/* peer_check judges the number of a peer, and the line. */
static bool
peer_check(struct line *l, struct tw_findings *f, struct tw_err *e)
{
	bool plain;
	int n = tw_effect_number(l->entry->key, &plain);

	if (!plain || n < 1 || n > 65535)
		return tw_finding_add(f, l->entry->key_at, TW_REFUSED, "peer",
		                      "write the peer_id of that process", e,
		                      "a peer is named by a number from 1 to 65535");
	if (n > 16383 &&
	    !tw_finding_add(f, l->entry->key_at, TW_WARNING, "peer", "choose a number up to 16383",
	                    e, "no process can have the peer_id %d", n))
		return false;
	return pairs_check(l, f, e) &&
	       (l->host ||
	        tw_finding_add(f, l->entry->key_at, TW_REFUSED, "peer",
	                       "give its address or socket directory", e, "the peer has no host"));
}

/* name_check judges the name of a user, and the line. */
static bool
name_check(struct line *l, struct tw_findings *f, struct tw_err *e)
{
	size_t limit = tw_lint_name_max(l->lint);

	if (strlen(l->entry->key) > limit &&
	    !tw_finding_add(f, l->entry->key_at, TW_ERROR, "name-length", "shorten it", e,
	                    "the name has %zu bytes, PgBouncer cuts it to %zu",
	                    strlen(l->entry->key), limit))
		return false;
	return pairs_check(l, f, e);
}

bool
tw_lint_lines(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	enum tw_severity bad = tw_lint_before(lint, TW_PGBOUNCER(1, 16, 0)) ? TW_ERROR : TW_REFUSED;
	bool ok = true;

	for (size_t i = 0; ok && i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		struct line l = {
			lint, entry, tw_key_scope_find(lint->ini.section[entry->section].name),
			bad,  false, false
		};

		if (l.scope == TW_KEY_DATABASE)
			ok = database_check(&l, f, e);
		else if (l.scope == TW_KEY_USER)
			ok = name_check(&l, f, e);
		else if (l.scope == TW_KEY_PEER)
			ok = peer_check(&l, f, e);
	}
	return ok;
}
