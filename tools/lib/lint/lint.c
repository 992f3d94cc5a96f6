/* SPDX-License-Identifier: ISC */
/* lint.c: the rules that need nothing but the file. A rule is a row of `rules`. */
#include "base/file.h"
#include "lint.h"
#include "site/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef bool (*rule_fn)(const struct tw_lint *, struct tw_findings *, struct tw_err *);

bool
tw_lint_read(const char *path, int version, struct tw_lint *lint, struct tw_findings *findings,
             struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT;
	bool ok;

	lint->path = path;
	lint->version = version;
	if (!tw_file_read(path, TW_FILE_LIMIT, &text, NULL, e))
		return false;
	ok = tw_ini_parse(&text, &lint->ini, findings, e) || tw_context(e, "%s", path);
	tw_buf_free(&text);
	return ok;
}

void
tw_lint_free(struct tw_lint *lint)
{
	tw_ini_free(&lint->ini);
	*lint = (struct tw_lint)TW_LINT_INIT;
}

/* rule_sections: only four names exist, and [pgbouncer] must be there. */
static bool
rule_sections(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	bool main_section = false;

	for (size_t i = 0; i < lint->ini.n_sections; i++) {
		const struct tw_ini_section *s = &lint->ini.section[i];

		main_section |= strcmp(s->name, "pgbouncer") == 0;
		if (strcmp(s->name, "peers") == 0 && lint->version != 0 &&
		    lint->version < TW_PGBOUNCER(1, 19, 0)) {
			if (!tw_finding_add(f, s->at, TW_ERROR, "unknown-section", "remove it", e,
			                    "section [peers] is known since PgBouncer 1.19.0"))
				return false;
		} else if (strcmp(s->name, "pgbouncer") != 0 && strcmp(s->name, "databases") != 0 &&
		           strcmp(s->name, "users") != 0 && strcmp(s->name, "peers") != 0) {
			if (!tw_finding_add(
				f, s->at, TW_ERROR, "unknown-section",
				"the sections are pgbouncer, databases, users and peers", e,
				"section [%s] is unknown: PgBouncer does not start", s->name))
				return false;
		}
	}
	return main_section ||
	       tw_finding_add(f, (struct tw_place){ 1, 1 }, TW_ERROR, "no-section",
	                      "add [pgbouncer]", e,
	                      "section [pgbouncer] is missing: PgBouncer does not start");
}

/* rule_quoted_keys: keys in single quotes are read from 1.25 on. */
static bool
rule_quoted_keys(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];

		if (entry->quoted && lint->version != 0 && lint->version < TW_PGBOUNCER(1, 25, 0) &&
		    !tw_finding_add(f, entry->key_at, TW_ERROR, "syntax",
		                    "use a name without quotes", e,
		                    "quoted names are known since PgBouncer 1.25.0"))
			return false;
	}
	return true;
}

/* key_known appends a finding for a key that this version does not take. */
static bool
key_known(const struct tw_lint *lint, enum tw_key_scope scope, const char *name, struct tw_place at,
          struct tw_findings *f, struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;
	bool known = tw_key_find(scope, name) != NULL;

	if (tw_key_supported(scope, name, lint->version, &why))
		return true;
	return tw_finding_add(f, at, TW_ERROR,
	                      !known                                 ? "unknown-key"
	                      : strstr(why.msg, ": removed") != NULL ? "removed-key"
	                                                             : "key-too-new",
	                      "remove it", e, "%s", why.msg);
}

/* number_text tells whether `s` is what PgBouncer reads as an integer (C: 10, 0x10, 0777). */
static bool
number_text(const char *s, long *n)
{
	char *end;

	errno = 0;
	*n = strtol(s, &end, 0);
	return end != s && *end == '\0' && errno == 0 && *n <= 2147483647 && *n >= -2147483647;
}

/* seconds_text tells whether `s` is a non-negative decimal. */
static bool
seconds_text(const char *s)
{
	char *end;
	double n = strtod(s, &end);

	return end != s && *end == '\0' && n >= 0 && n < 1e9 &&
	       strspn(s, "0123456789.eE+") == strlen(s);
}

/* value_check judges one value of a numeric key; `shown` is "" where it must not be repeated. */
static bool
value_check(const struct tw_key *k, const char *value, struct tw_place at, const char *shown,
            struct tw_findings *f, struct tw_err *e)
{
	long n = 0;
	bool number = number_text(value, &n);

	if (k->type == TW_KEY_SECONDS && !seconds_text(value))
		return tw_finding_add(f, at, TW_ERROR, "seconds", "write a plain number of seconds",
		                      e, "%s: %s is not a number of seconds", k->name, shown);
	if (k->type == TW_KEY_BOOL && !(number && (n == 0 || n == 1)))
		return tw_finding_add(f, at, TW_ERROR, "boolean", "write 0 or 1", e,
		                      "%s: %s is not 0 or 1", k->name, shown);
	if (k->type == TW_KEY_INT && !number)
		return tw_finding_add(f, at, TW_ERROR, "integer", "write a plain number", e,
		                      "%s: %s is not an integer", k->name, shown);
	if (k->type == TW_KEY_INT && n < 0)
		return tw_finding_add(f, at, TW_ERROR, "integer", "write 0 or more", e,
		                      "%s: %s is negative, which PgBouncer accepts in silence",
		                      k->name, shown);
	return true;
}

/* port_check: PgBouncer takes a port modulo 65536. */
static bool
port_check(const char *name, const char *value, long least, struct tw_place at,
           struct tw_findings *f, struct tw_err *e)
{
	long n;

	if (!number_text(value, &n) || n < 0 || (n >= least && n <= 65535))
		return true;
	return tw_finding_add(f, at, TW_ERROR, "port", "write a number from 1 to 65535", e,
	                      "%s: %ld is no port: PgBouncer takes it modulo 65536 or refuses it",
	                      name, n);
}

/* rule_settings: the keys and values of [pgbouncer]. */
static bool
rule_settings(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	char shown[128];

	for (size_t i = 0; i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		const struct tw_key *k = tw_key_find(TW_KEY_GLOBAL, entry->key);

		if (!tw_ini_in(&lint->ini, entry, "pgbouncer"))
			continue;
		snprintf(shown, sizeof(shown), "'%s'", entry->value);
		if (!key_known(lint, TW_KEY_GLOBAL, entry->key, entry->key_at, f, e) ||
		    (k != NULL && !value_check(k, entry->value, entry->value_at, shown, f, e)) ||
		    (strcmp(entry->key, "listen_port") == 0 &&
		     !port_check("listen_port", entry->value, 0, entry->value_at, f, e)))
			return false;
	}
	return true;
}

/* pair_check judges one "key=value" of a line; *secret: a password has been seen on the line. */
static bool
pair_check(const struct tw_lint *lint, enum tw_key_scope scope, const struct tw_pair *pair,
           struct tw_place at, bool *secret, struct tw_findings *f, struct tw_err *e)
{
	const struct tw_key *k = tw_key_find(scope, pair->key);
	struct tw_key leading = { .type = TW_KEY_INT };

	if (strcmp(pair->key, "password") == 0)
		*secret = true;
	if (k == NULL && *secret) /* what stands behind a badly quoted password may be its rest */
		return tw_finding_add(
		    f, at, TW_ERROR, "unknown-key",
		    "single quotes hold a value with blanks; double a quote inside", e,
		    "a key that PgBouncer does not know, behind a password");
	if (!key_known(lint, scope, pair->key, at, f, e))
		return false;
	if (k == NULL || (k->type != TW_KEY_INT && k->type != TW_KEY_SECONDS))
		return true;
	leading.name = k->name; /* here seconds are whole ones, and PgBouncer reads with atoi */
	return value_check(&leading, pair->value, at, "its value", f, e) &&
	       (strcmp(pair->key, "port") != 0 || port_check("port", pair->value, 1, at, f, e));
}

/* rule_lines: the "key=value" lists of [databases] and [users]. */
static bool
rule_lines(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		bool users = tw_ini_in(&lint->ini, entry, "users"), secret = false;
		enum tw_pair_result r = TW_PAIR_END;
		struct tw_place at = entry->value_at;
		struct tw_pair pair;
		size_t next = 0;

		if (!users && !tw_ini_in(&lint->ini, entry, "databases"))
			continue;
		while (ok && (r = tw_pair_next(entry->value, &next, &pair)) == TW_PAIR) {
			at.column = entry->value_at.column + (int)pair.at;
			ok = pair_check(lint, users ? TW_KEY_USER : TW_KEY_DATABASE, &pair, at,
			                &secret, f, e);
		}
		at.column = entry->value_at.column + (int)pair.at;
		if (ok && r == TW_PAIR_BROKEN)
			ok = tw_finding_add(
			    f, at, TW_ERROR, "connection-string",
			    "write key='value', a blank between pairs, and double a quote inside",
			    e, "PgBouncer cannot read the rest of this line");
		explicit_bzero(&pair, sizeof(pair));
	}
	return ok;
}

bool
tw_lint_rules(const struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e)
{
	static const rule_fn rules[] = { rule_sections, rule_quoted_keys, rule_settings,
		                         rule_lines };

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (!rules[i](lint, findings, e))
			return false;
	}
	return true;
}
