/* SPDX-License-Identifier: ISC */
/*
 * site.h: site.json, the one input. Loading checks every key and type against the table in site.c
 * and fills in the defaults, so that what comes out has every key that the table has.
 */
#pragma once

#include "base/json.h"

struct tw_site {
	char *path;   /* absolute, for the first line of rendered files */
	json_t *root; /* the document with its defaults */
};

#define TW_SITE_INIT       \
	{                  \
		NULL, NULL \
	}

/*
 * tw_site_load reads and checks `path`. Errors: EX_NOINPUT, EX_CONFIG with the place
 * ("site.json: databases[0].pool_size: expected an integer, got a string").
 */
bool tw_site_load(const char *path, struct tw_site *site, struct tw_err *e);

/* tw_site_free releases a site; also one that was never loaded. */
void tw_site_free(struct tw_site *site);

/*
 * tw_site_at is the value at a path such as "server.dsn", "databases[0].name", or NULL (EX_USAGE)
 * where no such key exists. Borrowed.
 */
const json_t *tw_site_at(const struct tw_site *site, const char *path, struct tw_err *e);

/* tw_site_text is the string at a path that the table guarantees to be one; "" for null. */
const char *tw_site_text(const struct tw_site *site, const char *path);

/* tw_site_integer is the integer at a path that the table guarantees to be one. */
long long tw_site_integer(const struct tw_site *site, const char *path);

/* tw_site_queried tells whether the pooler looks secrets up: auth.method is "query". */
bool tw_site_queried(const struct tw_site *site);
