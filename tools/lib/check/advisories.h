/* SPDX-License-Identifier: ISC */
/* advisories.h: what upstream has said about the security of a version of PgBouncer. */
#pragma once

#include "base/buf.h"

struct tw_advisories {
	size_t n;        /* how many affect the version, upstream */
	char date[16];   /* as of when, "2026-11-24" */
	char names[512]; /* "CVE-2026-6664, ...", as many as fit */
};

/*
 * tw_advisories_read holds a version (as TW_PGBOUNCER of keys.h) against the list that is installed
 * with this program, or the one of its source tree. Distributions mend older versions, which no
 * version number shows. EX_NOINPUT where there is no list, EX_DATAERR with the line.
 */
bool tw_advisories_read(int version, struct tw_advisories *a, struct tw_err *e);
