/* SPDX-License-Identifier: ISC */
/*
 * lookup.h: the function in PostgreSQL through which the pooler looks up SCRAM secrets, so that none
 * has to be kept beside it (auth.method "query"). Schema twpool, function user_lookup, owned by the
 * superuser, in each pooled database; the role twpool_lookup, which may call it and nothing else, and
 * has no password. Beside it the role twpool_probe, which may log in to the pooled databases and nothing
 * else, has no password either, and comes in through the pooler alone: an end-to-end check without a
 * secret.
 */
#pragma once

#include "superuser.h"

#define TW_LOOKUP_ROLE "twpool_lookup"
#define TW_PROBE_ROLE "twpool_probe"
#define TW_LOOKUP_QUERY "SELECT uname, phash FROM twpool.user_lookup($1)"

/* Server connections of the lookup, all databases together; PostgreSQL lets twice as many in, for a
 * pooler that takes over from another. */
#define TW_LOOKUP_CONNECTIONS 5

/* And those of the probe. PostgreSQL lets twice as many in here too. */
#define TW_PROBE_CONNECTIONS 1

/*
 * tw_lookup_check holds role, schema and function of every pooled database of `site` against what
 * twpool installs, and appends a line "DATABASE: WHAT is ..., not ..." to `out` for each difference.
 * Reads only. Errors as tw_superuser_do.
 */
bool tw_lookup_check(const struct tw_site *site, const char *program, tw_ms deadline,
                     struct tw_buf *out, struct tw_err *e);

/*
 * tw_lookup_install makes them so, each database in one transaction that ends with the same
 * comparison, and with every role of the site looked up as twpool_lookup: nobody ever sees half of
 * it. `out` gets a line "installed in DATABASE" for each that differed. Refuses (EX_CONFIG) a role or
 * schema of these names that is not twpool's own.
 */
bool tw_lookup_install(const struct tw_site *site, const char *program, tw_ms deadline,
                       struct tw_buf *out, struct tw_err *e);

/*
 * tw_lookup_purge removes schema and function from every database that has them, and the role. `out`
 * gets a line for each. EX_TEMPFAIL while the pooler is connected as the role.
 */
bool tw_lookup_purge(const struct tw_site *site, const char *program, tw_ms deadline,
                     struct tw_buf *out, struct tw_err *e);
