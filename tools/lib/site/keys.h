/* SPDX-License-Identifier: ISC */
/*
 * keys.h: the settings table: which configuration keys PgBouncer knows, since and until which
 * version, what it takes as a value and what it makes of it. The rows were measured by running the
 * versions 1.12.0 to 1.26.1; what came before 1.12 counts as "always".
 */
#pragma once

#include <stdbool.h>
#include "base/err.h"

/* A version as one comparable number: 1.24.1 is 12401. */
#define TW_PGBOUNCER(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

enum tw_key_scope { TW_KEY_GLOBAL, TW_KEY_DATABASE, TW_KEY_USER, TW_KEY_PEER, TW_KEY_SCOPES };

/* What PgBouncer takes as a value. SECONDS may have a fraction only in TW_KEY_GLOBAL. */
enum tw_key_type { TW_KEY_TEXT, TW_KEY_INT, TW_KEY_BOOL, TW_KEY_SECONDS, TW_KEY_LIST, TW_KEY_ENUM };

/* A word that a key takes; `build`: only where PgBouncer was built with it (PAM, LDAP). */
struct tw_key_word {
	const char *name; /* NULL ends the list */
	int since, removed;
	bool build;
};

/* The reload of a key that takes a restart in every version. */
#define TW_KEY_NEVER 999999

struct tw_key {
	const char *name;
	enum tw_key_type type;
	int since;          /* first version that knows it; 0: every one from 1.12 on */
	int removed;        /* first version that no longer does; 0: none */
	int reload;         /* first version whose RELOAD applies it; 0: every one */
	long long min, max; /* INT: what makes sense; PgBouncer hardly ever asks */
	const struct tw_key_word *words; /* of an ENUM; of others, what TLS or syslog will accept */
	const char *fallback;            /* the compiled default; NULL: none, so that RELOAD keeps
	                                    the value of a line that was removed */
	const char *before;              /* the default before `changed`; NULL: the same */
	int changed;
	bool windows; /* known on Windows only, although the manual does not say so */
};

/* tw_key_find is the row of a key (static), or NULL where no version knows it there. */
const struct tw_key *tw_key_find(enum tw_key_scope scope, const char *name);

/*
 * tw_key_supported refuses (EX_CONFIG) a key that no version knows, or that `version` does not know
 * yet or no longer. Version 0 means any.
 */
bool tw_key_supported(enum tw_key_scope scope, const char *name, int version, struct tw_err *e);

/*
 * tw_key_check is tw_key_supported that also refuses a key that twpool itself sets.
 */
bool tw_key_check(enum tw_key_scope scope, const char *name, int version, struct tw_err *e);

/* tw_key_default is the compiled default in `version` (0: the newest), or NULL. */
const char *tw_key_default(const struct tw_key *k, int version);

/* tw_key_reloadable tells whether a RELOAD of `version` (0: the newest) applies a change. */
bool tw_key_reloadable(const struct tw_key *k, int version);

/* tw_key_word_find is the word of `k` that `value` is, in any case, or NULL. */
const struct tw_key_word *tw_key_word_find(const struct tw_key *k, const char *value);

/* tw_key_scope_text is "pgbouncer", "databases", "users" or "peers". */
const char *tw_key_scope_text(enum tw_key_scope scope);

/* tw_key_scope_find is the scope of a section's name; TW_KEY_SCOPES where there is no such. */
enum tw_key_scope tw_key_scope_find(const char *section);

/* tw_key_table is the first row of a scope; the last one has no name. */
const struct tw_key *tw_key_table(enum tw_key_scope scope);

/*
 * tw_key_near is the name that somebody who wrote `name` in a section meant: a known mistake
 * (PostgreSQL's statement_timeout), or a name that differs in a letter or two. NULL: no idea.
 * Looks only among what `version` knows.
 */
const char *tw_key_near(enum tw_key_scope scope, const char *name, int version);

/* tw_key_version_text writes a version as people do: 12401 is "1.24.1". */
const char *tw_key_version_text(int version, char out[16]);

/* tw_key_version parses "1.24.1"; EX_USAGE for anything else. */
bool tw_key_version(const char *text, int *version, struct tw_err *e);
