/* SPDX-License-Identifier: ISC */
/* lookup_sql.h: the SQL of lookup.h, and the comparison of what is there with what should be. */
#pragma once

#include "base/buf.h"
#include "pg.h"
#include "site/site.h"

/* tw_lookup_body appends the function's body, for the roles of `site`. */
bool tw_lookup_body(PGconn *conn, const struct tw_site *site, struct tw_buf *body, struct tw_err *e);

/* tw_lookup_compare appends a line to `out` for each difference in the connection's database. */
bool tw_lookup_compare(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_buf *out,
                       struct tw_err *e);

/* tw_lookup_create runs the statements, inside of the caller's transaction. */
bool tw_lookup_create(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_err *e);

/* tw_lookup_own refuses (EX_CONFIG) a role or schema that has our name and not our comment. */
bool tw_lookup_own(PGconn *conn, tw_ms deadline, struct tw_err *e);
