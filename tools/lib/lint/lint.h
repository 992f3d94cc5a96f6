/* SPDX-License-Identifier: ISC */
/*
 * lint.h: what is wrong with a pgbouncer.ini, by itself and against the PgBouncer that runs. Reads
 * and judges only. A value of [databases] is never repeated in a message: it may be a password.
 */
#pragma once

#include "ini.h"
#include "pg/pg.h"
#include "site/site.h"

/* The file under judgement. */
struct tw_lint {
	const char *path;
	const char *what; /* what messages call it: "the file", "the site" */
	int version;      /* as TW_PGBOUNCER of keys.h; 0: any */
	struct tw_ini ini;
};

#define TW_LINT_INIT                             \
	{                                        \
		NULL, "the file", 0, TW_INI_INIT \
	}

/* tw_lint_read reads and parses the file; errors of tw_file_read and tw_ini_parse. */
bool tw_lint_read(const char *path, int version, struct tw_lint *lint, struct tw_findings *findings,
                  struct tw_err *e);

/*
 * tw_lint_site makes a file, without path, of what a site says of pgbouncer and databases, defaults
 * included: for tw_lint_live alone, with places of no meaning. EX_CONFIG for a value that no
 * PgBouncer could have.
 */
bool tw_lint_site(const struct tw_site *site, struct tw_lint *lint, struct tw_err *e);

void tw_lint_free(struct tw_lint *lint);

/* tw_lint_rules applies every rule that needs nothing but the file. */
bool tw_lint_rules(const struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e);

/* How much of the file the running PgBouncer was found to agree with. */
struct tw_live {
	size_t keys, databases;
};

/*
 * tw_lint_live holds the file against SHOW CONFIG and SHOW DATABASES of the console at `conn`.
 * Findings: reload-needed, restart-needed. Errors as tw_pg_exec.
 */
bool tw_lint_live(const struct tw_lint *lint, PGconn *conn, tw_ms deadline, struct tw_live *live,
                  struct tw_findings *findings, struct tw_err *e);

/*
 * tw_lint_listener finds out whether the sockets that listen where the file says belong to one of
 * these n processes, and to nobody else. Finding: listener. EX_NOPERM where /proc hides the answer.
 */
bool tw_lint_listener(const struct tw_lint *lint, const int *pids, size_t n,
                      struct tw_findings *findings, struct tw_err *e);
