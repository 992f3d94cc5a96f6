/* SPDX-License-Identifier: ISC */
/* dsn_verify.h: twpool-dsn verify: that nobody comes to PostgreSQL past the pooler any more. */
#pragma once

#include "base/err.h"

struct dsn_verify {
	const char *site, *console, *postgres;
	const char *since; /* only connections from this time on, UTC; NULL: all */
	double seconds;
};

/* dsn_verify asks, prints who is left, and returns the exit code: 1 where somebody is. */
int dsn_verify(const struct dsn_verify *v, const char *tool, bool json, bool quiet,
               struct tw_err *e);
