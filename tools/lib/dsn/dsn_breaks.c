/* SPDX-License-Identifier: ISC */
/*
 * dsn_breaks.c: what a DSN may ask for that works directly but not through PgBouncer as twpool
 * deploys it: start-up parameters and TLS that it refuses (facts/target-server.md, "Limits").
 */
#include "dsn.h"

#include <string.h>

struct breaking {
	enum tw_dsn_key key;
	const char *name;
	const char *values; /* "|a|b|": these break; NULL: all but those of `harmless` */
	const char *harmless;
	bool list; /* only where it names several hosts */
	const char *remedy;
};

static const struct breaking rows[] = {
	{ TW_DSN_OPTIONS, "options", NULL, "||", false,
	  "set it with ALTER ROLE ... SET, or name it in ignore_startup_parameters" },
	{ TW_DSN_REPLICATION, "replication", NULL, "||0|off|false|no|", false,
	  "a replication connection must stay direct" },
	{ TW_DSN_CHANNEL_BINDING, "channel_binding", "|require|", NULL, false,
	  "PgBouncer has no channel binding: write channel_binding=prefer" },
	{ TW_DSN_SSLMODE, "sslmode", "|require|verify-ca|verify-full|", NULL, false,
	  "set client_tls_sslmode and a certificate in PgBouncer, or write sslmode=prefer" },
	{ TW_DSN_GSSENCMODE, "gssencmode", "|require|", NULL, false,
	  "PgBouncer has no GSSAPI encryption: write gssencmode=disable" },
	{ TW_DSN_TARGET_SESSION_ATTRS, "target_session_attrs", NULL, "||any|", true,
	  "a pool has one server: give each role of the list a database in PgBouncer" },
};

/* among tells whether a value is in a list such as "|a|b|". */
static bool
among(const char *list, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = list; (at = strchr(at, '|')) != NULL && at[1] != '\0'; at++) {
		if (strncasecmp(at + 1, value, n) == 0 && at[1 + n] == '|')
			return true;
	}
	return false;
}

/* row_breaks tells whether a row of the table applies to a DSN. */
static bool
row_breaks(const struct breaking *row, const struct tw_dsn *dsn)
{
	const char *value = dsn->value[row->key];

	if (value == NULL || (row->list && !tw_dsn_several(dsn)))
		return false;
	return row->values != NULL ? among(row->values, value) : !among(row->harmless, value);
}

const char *
tw_dsn_breaks(const struct tw_dsn *dsn, size_t i)
{
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		if (row_breaks(&rows[row], dsn) && i-- == 0)
			return rows[row].name;
	}
	return NULL;
}

/* accepted tells whether a name is one of a list. */
static bool
accepted(const char *name, const char *const *accept, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, accept[i]) == 0)
			return true;
	}
	return false;
}

bool
tw_dsn_breaks_refuse(const struct tw_dsn *dsn, const char *const *accept, size_t n,
                     struct tw_err *e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!row_breaks(&rows[i], dsn) || accepted(rows[i].name, accept, n))
			continue;
		tw_fail(e, EX_DATAERR, "its %s breaks through a pooler", rows[i].name);
		return tw_hint(e, "%s; or --accept %s.", rows[i].remedy, rows[i].name);
	}
	return true;
}

bool
tw_dsn_breaks_known(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return true;
	}
	return false;
}
