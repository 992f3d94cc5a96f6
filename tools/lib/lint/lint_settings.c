/* SPDX-License-Identifier: ISC */
/* lint_settings.c: the sections, and the keys and values of [pgbouncer], one by one. */
#include "effect.h"
#include "lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
tw_lint_sections(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	bool main_section = false;

	for (size_t i = 0; i < lint->ini.n_sections; i++) {
		const struct tw_ini_section *s = &lint->ini.section[i];
		enum tw_key_scope scope = tw_key_scope_find(s->name);

		main_section |= scope == TW_KEY_GLOBAL;
		if (scope == TW_KEY_PEER && tw_lint_before(lint, TW_PGBOUNCER(1, 19, 0))) {
			if (!tw_finding_add(f, s->at, TW_REFUSED, "unknown-section", "remove it", e,
			                    "section [peers] is known since PgBouncer 1.19.0"))
				return false;
		} else if (scope == TW_KEY_SCOPES) {
			if (!tw_finding_add(
				f, s->at, TW_REFUSED, "unknown-section",
				"the sections are pgbouncer, databases, users and peers", e,
				"section [%s] is unknown: PgBouncer does not start", s->name))
				return false;
		}
	}
	return main_section ||
	       tw_finding_add(f, (struct tw_place){ 1, 1, NULL }, TW_REFUSED, "no-section",
	                      "add [pgbouncer]", e,
	                      "section [pgbouncer] is missing: PgBouncer does not start");
}

/* words_text lists the words that a key takes in this version. */
static const char *
words_text(const struct tw_lint *lint, const struct tw_key *k, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "write one of");

	for (const struct tw_key_word *w = k->words; w->name != NULL && used < size; w++) {
		if (tw_lint_before(lint, w->since) ||
		    (w->removed != 0 && !tw_lint_before(lint, w->removed)))
			continue;
		used += (size_t)snprintf(out + used, size - used, " %s", w->name);
	}
	return out;
}

/* enum_check judges a word of an ENUM. */
static bool
enum_check(const struct tw_lint *lint, const struct tw_key *k, const struct tw_ini_entry *entry,
           struct tw_findings *f, struct tw_err *e)
{
	const struct tw_key_word *w = tw_key_word_find(k, entry->value);
	char fix[256], since[16];

	if (w == NULL)
		return tw_finding_add(f, entry->value_at, TW_REFUSED, "enum",
		                      words_text(lint, k, fix, sizeof(fix)), e,
		                      "%s: PgBouncer does not know '%s'", k->name, entry->value);
	if (tw_lint_before(lint, w->since))
		return tw_finding_add(f, entry->value_at, TW_REFUSED, "enum",
		                      words_text(lint, k, fix, sizeof(fix)), e,
		                      "%s: '%s' is known since PgBouncer %s", k->name, w->name,
		                      tw_key_version_text(w->since, since));
	return !w->build ||
	       tw_finding_add(f, entry->value_at, TW_WARNING, "build", "try it with --boot", e,
	                      "%s: '%s' works only where PgBouncer was built with it", k->name,
	                      w->name);
}

/* integer_check judges a number that PgBouncer reads as C does: 0x10, 0777, and overflow. */
static bool
integer_check(const struct tw_key *k, const struct tw_ini_entry *entry, enum tw_effect effect,
              const char *text, struct tw_findings *f, struct tw_err *e)
{
	bool boolean = k->type == TW_KEY_BOOL, mode = strcmp(k->name, "unix_socket_mode") == 0;
	const char *value = entry->value, *digits = value + (*value == '+' || *value == '-');
	const char *rule = boolean ? "boolean" : "integer";
	long long n;

	if (effect == TW_EFFECT_REFUSED)
		return tw_finding_add(f, entry->value_at, TW_REFUSED, rule,
		                      boolean ? "write 0 or 1" : "write a plain number", e,
		                      "%s: '%s' is not %s", k->name, value,
		                      boolean ? "0 or 1" : "an integer");
	n = strtoll(text, NULL, 10);
	if (strcmp(value, text) != 0 && (digits[0] == '0' || strlen(digits) > 9) &&
	    !(mode && digits[0] == '0') && !(n == 0 && strspn(digits, "0") == strlen(digits)))
		return tw_finding_add(f, entry->value_at, TW_ERROR, rule, "write a plain number", e,
		                      "%s: PgBouncer makes %s of '%s', in silence", k->name, text,
		                      value);
	if (n >= k->min && n <= k->max && !(mode && digits[0] != '0'))
		return true;
	if (boolean)
		return tw_finding_add(f, entry->value_at, TW_ERROR, rule, "write 0 or 1", e,
		                      "%s: '%s' is not 0 or 1, which PgBouncer accepts in silence",
		                      k->name, value);
	if (mode)
		return tw_finding_add(f, entry->value_at, TW_ERROR, "range",
		                      "write it with a leading 0, as in 0777", e,
		                      "%s: '%s' is the mode %#llo", k->name, value,
		                      (unsigned long long)n & 0xffffffff);
	if (strcmp(k->name, "listen_port") == 0)
		return tw_finding_add(
		    f, entry->value_at, TW_ERROR, "port", "write a number from 1 to 65535", e,
		    "listen_port: %lld is no port: PgBouncer starts, and listens on "
		    "another (%lld)",
		    n, n & 65535);
	return tw_finding_add(
	    f, entry->value_at, TW_ERROR, "range", "write a number that makes sense", e,
	    "%s: %lld is not from %lld to %lld, which PgBouncer accepts in silence", k->name, n,
	    k->min, k->max);
}

/* seconds_check judges a number of seconds. */
static bool
seconds_check(const struct tw_key *k, const struct tw_ini_entry *entry, enum tw_effect effect,
              const char *text, struct tw_findings *f, struct tw_err *e)
{
	static const char fix[] = "write a plain number of seconds";
	const char *value = entry->value;
	double n = strtod(value, NULL);

	if (effect == TW_EFFECT_REFUSED)
		return tw_finding_add(f, entry->value_at, TW_REFUSED, "seconds", fix, e,
		                      "%s: '%s' is not a number of seconds", k->name, value);
	if (effect == TW_EFFECT_UNDEFINED)
		return tw_finding_add(
		    f, entry->value_at, TW_ERROR, "seconds", fix, e,
		    "%s: PgBouncer accepts '%s' in silence and makes something else "
		    "of it",
		    k->name, value);
	if (n > 0 && n < 1e-6)
		return tw_finding_add(f, entry->value_at, TW_WARNING, "seconds", fix, e,
		                      "%s: PgBouncer makes 0 of '%s'", k->name, value);
	if (n >= 1e9)
		return tw_finding_add(f, entry->value_at, TW_WARNING, "seconds", fix, e,
		                      "%s: '%s' is more than 30 years", k->name, value);
	return strspn(value, "0123456789.eE+") == strlen(value) ||
	       tw_finding_add(f, entry->value_at, TW_WARNING, "seconds", fix, e,
	                      "%s: PgBouncer makes %s of '%s'", k->name, text, value);
}

/* text_check judges what is neither number nor word. */
static bool
text_check(const struct tw_lint *lint, const struct tw_key *k, const struct tw_ini_entry *entry,
           struct tw_findings *f, struct tw_err *e)
{
	const char *value = entry->value;
	size_t n = strlen(value);

	if (strcmp(k->name, "auth_dbname") == 0 && strcmp(value, "pgbouncer") == 0)
		return tw_finding_add(f, entry->value_at,
		                      tw_lint_before(lint, TW_PGBOUNCER(1, 20, 0)) ? TW_ERROR
		                                                                   : TW_REFUSED,
		                      "reserved-name", "name a database of PostgreSQL", e,
		                      "auth_dbname: 'pgbouncer' is the admin console");
	if (strcmp(k->name, "syslog_facility") == 0 && tw_key_word_find(k, value) == NULL)
		return tw_finding_add(
		    f, entry->value_at, TW_WARNING, "enum",
		    "write daemon, user or local0 to local7", e,
		    "syslog_facility: '%s' is none, which PgBouncer accepts in silence", value);
	if (n > 1 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0])
		return tw_finding_add(
		    f, entry->value_at, TW_WARNING, "quoted-value", "remove the quotes", e,
		    "%s: PgBouncer has no quotes here: they belong to the value", k->name);
	return true;
}

/* value_check judges one value of [pgbouncer]. */
static bool
value_check(const struct tw_lint *lint, const struct tw_key *k, const struct tw_ini_entry *entry,
            struct tw_findings *f, struct tw_err *e)
{
	char own[TW_EFFECT_SIZE];
	const char *text;
	enum tw_effect effect = tw_effect_setting(k, entry->value, own, &text);

	switch (k->type) {
	case TW_KEY_ENUM:
		return enum_check(lint, k, entry, f, e);
	case TW_KEY_INT:
	case TW_KEY_BOOL:
		return integer_check(k, entry, effect, text, f, e);
	case TW_KEY_SECONDS:
		return seconds_check(k, entry, effect, text, f, e);
	case TW_KEY_TEXT:
	case TW_KEY_LIST:
		break;
	}
	return text_check(lint, k, entry, f, e);
}

bool
tw_lint_settings(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < lint->ini.n_entries; i++) {
		const struct tw_ini_entry *entry = &lint->ini.entry[i];
		const struct tw_key *k;

		if (entry->quoted && tw_lint_before(lint, TW_PGBOUNCER(1, 25, 0)))
			ok = tw_finding_add(f, entry->key_at, TW_REFUSED, "syntax",
			                    "use a name without quotes", e,
			                    "quoted names are known since PgBouncer 1.25.0");
		if (!tw_ini_in(&lint->ini, entry, "pgbouncer"))
			continue;
		k = tw_key_find(TW_KEY_GLOBAL, entry->key);
		ok = ok &&
		     tw_lint_key(lint, TW_KEY_GLOBAL, entry->key, TW_REFUSED, entry->key_at, f,
		                 e) &&
		     (k == NULL || value_check(lint, k, entry, f, e));
	}
	return ok;
}
