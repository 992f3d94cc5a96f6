/* SPDX-License-Identifier: ISC */
/*
 * keys.h: which configuration keys PgBouncer knows, since and until which version. The rows were
 * measured by running the versions 1.12.0 to 1.26.1; what came before 1.12 counts as "always".
 */
#pragma once

#include <stdbool.h>
#include "base/err.h"

/* A version as one comparable number: 1.24.1 is 12401. */
#define TW_PGBOUNCER(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

enum tw_key_scope { TW_KEY_GLOBAL, TW_KEY_DATABASE, TW_KEY_USER };

/* What PgBouncer takes as a value. SECONDS may have a fraction only in TW_KEY_GLOBAL. */
enum tw_key_type { TW_KEY_TEXT, TW_KEY_INT, TW_KEY_BOOL, TW_KEY_SECONDS, TW_KEY_LIST, TW_KEY_ENUM };

struct tw_key {
	const char *name;
	enum tw_key_type type;
	int since;   /* first version that knows it; 0: every version from 1.12 on */
	int removed; /* first version that no longer does; 0: none */
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

/* tw_key_version parses "1.24.1"; EX_USAGE for anything else. */
bool tw_key_version(const char *text, int *version, struct tw_err *e);
