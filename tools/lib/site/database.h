/* SPDX-License-Identifier: ISC */
/* database.h: one entry of a site's databases, as it reaches PostgreSQL. */
#pragma once

#include "site.h"

/* All borrowed from the site. */
struct tw_database {
	const char *name;   /* what clients ask for */
	const char *host;   /* its own, or that of postgres */
	long long port;     /* likewise */
	const char *dbname; /* its own, or its name */
};

/* tw_database_read reads one element of databases[] of the site document `root`. */
void tw_database_read(const json_t *root, const json_t *element, struct tw_database *d);
