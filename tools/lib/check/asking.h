/* SPDX-License-Identifier: ISC */
/* asking.h: whom twpool-check asks and about which pools: from a site, and from DSNs. */
#pragma once

#include "facts.h"

/*
 * tw_asking_site takes from a site what is not set already: the console, PostgreSQL, and the pools
 * that its users may bring about, and what it says the pooler has. For others than root the site
 * does not name whom to ask at PostgreSQL. `tool` is the application name. Errors of tw_site_load.
 */
bool tw_asking_site(struct tw_asking *a, const char *path, const char *tool, struct tw_err *e);

/* tw_asking_dsn reads whom to ask into `p`, with `tool` as the application name. */
bool tw_asking_dsn(const char *dsn, const char *tool, struct tw_pg_params *p, struct tw_err *e);

/* tw_asking_login adds a login that is tried as a client; `db` stands for its %DB%. */
bool tw_asking_login(struct tw_asking *a, const char *dsn, const char *db, const char *tool,
                     struct tw_err *e);

/* tw_asking_pool adds the pool that a client with this DSN comes to, to those looked at. */
bool tw_asking_pool(struct tw_asking *a, const char *dsn, const char *db, struct tw_err *e);
