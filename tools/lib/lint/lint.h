/* SPDX-License-Identifier: ISC */
/*
 * lint.h: what is wrong with a pgbouncer.ini, by itself, in the installed binary, and against the
 * PgBouncer that runs. Reads and judges only. A value of [databases] is never repeated in a
 * message: it may be a password.
 */
#pragma once

#include "ini.h"
#include "pg/pg.h"
#include "site/keys.h"
#include "site/site.h"

/* The file under judgement. Findings point into it and must go before it. */
struct tw_lint {
	const char *path;
	const char *what;   /* what messages call it: "the file", "the site" */
	const char *user;   /* the OS user whose process PgBouncer is; NULL: not known */
	long descriptors;   /* how many files it may open; 0: not known */
	int version;        /* as TW_PGBOUNCER of keys.h; 0: any */
	bool elsewhere;     /* for another host: this one's files and accounts do not count */
	const char *staged; /* a directory: files that the configuration names are taken from here
	                       where it has one of that name, since they will be; or NULL */
	struct tw_ini ini;
};

#define TW_LINT_INIT                                                   \
	{                                                              \
		NULL, "the file", NULL, 0, 0, false, NULL, TW_INI_INIT \
	}

/*
 * tw_lint_user is PgBouncer's user as the file tells: its owner, or its group's namesake, where
 * that is not root. NULL where nothing tells, and where we are not root. Borrowed from getpwuid(3).
 */
const char *tw_lint_user(const char *path);

/*
 * tw_lint_read reads and parses the file lint->path; user and version are set before. As root, what
 * the file includes is read as the user, so that nothing shows that PgBouncer itself could not
 * read. Errors of tw_file_read and tw_ini_parse.
 */
bool tw_lint_read(struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e);

/*
 * tw_lint_file appends a file that the configuration names, read as PgBouncer's user (see
 * tw_lint_read), or a staged one as ourselves. Errors as tw_file_read, and EX_CONFIG where there is
 * no such user.
 */
bool tw_lint_file(const struct tw_lint *lint, const char *path, struct tw_buf *text,
                  struct tw_err *e);

/*
 * tw_lint_staged writes the path at which `path` is staged, and tells whether it is. `out` has room
 * for `size` bytes.
 */
bool tw_lint_staged(const struct tw_lint *lint, const char *path, char *out, size_t size);

/*
 * tw_lint_site makes a file, without path, of what a site says of pgbouncer and databases, defaults
 * included: for tw_lint_live alone, with places of no meaning. EX_CONFIG for a value that no
 * PgBouncer could have.
 */
bool tw_lint_site(const struct tw_site *site, struct tw_lint *lint, struct tw_err *e);

void tw_lint_free(struct tw_lint *lint);

/* tw_lint_rules applies every rule that needs nothing but the file, and the files that it names. */
bool tw_lint_rules(const struct tw_lint *lint, struct tw_findings *findings, struct tw_err *e);

/* The rules, one function per subject; tw_lint_rules calls them. */
typedef bool tw_lint_rule(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e);
tw_lint_rule tw_lint_sections, tw_lint_settings, tw_lint_lines, tw_lint_listening,
    tw_lint_addresses, tw_lint_tls, tw_lint_people, tw_lint_sizes, tw_lint_paths, tw_lint_userlist,
    tw_lint_hba;

/* tw_lint_key reports a key that this version does not take, with what may be meant instead. */
bool tw_lint_key(const struct tw_lint *lint, enum tw_key_scope scope, const char *name,
                 enum tw_severity severity, struct tw_place at, struct tw_findings *f,
                 struct tw_err *e);

/* tw_lint_before tells whether the version is given and is older than this one. */
bool tw_lint_before(const struct tw_lint *lint, int version);

/* tw_lint_name_max is how many bytes of a user's name PgBouncer keeps. */
size_t tw_lint_name_max(const struct tw_lint *lint);

/* tw_lint_value is what counts of a key of [pgbouncer]: its last value, or its default, or "". */
const char *tw_lint_value(const struct tw_lint *lint, const char *key);

/* tw_lint_place is where that key stands, or else where [pgbouncer] begins. */
struct tw_place tw_lint_place(const struct tw_lint *lint, const char *key);

/*
 * tw_lint_source says where the fact behind a rule was read: a file of PgBouncer at a tag, its
 * manual, or a measurement. Static; never NULL for a rule that exists.
 */
const char *tw_lint_source(const char *rule);

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

/* tw_lint_version asks for the version of the running PgBouncer, as TW_PGBOUNCER. As tw_pg_exec. */
bool tw_lint_version(PGconn *conn, tw_ms deadline, int *version, struct tw_err *e);

/*
 * tw_lint_listener finds out whether the sockets that listen where the file says belong to one of
 * these n processes, and to nobody else. Finding: listener. EX_NOPERM where /proc hides the answer.
 */
bool tw_lint_listener(const struct tw_lint *lint, const int *pids, size_t n,
                      struct tw_findings *findings, struct tw_err *e);

/*
 * tw_lint_binary holds the version of the binary on disk against SHOW VERSION: an upgrade without a
 * restart. Finding: binary-newer. Errors as tw_pg_exec and tw_boot_version.
 */
bool tw_lint_binary(const struct tw_lint *lint, const char *binary, PGconn *conn, tw_ms deadline,
                    struct tw_findings *findings, struct tw_err *e);

/* tw_lint_replaced tells it of a process whose executable is gone from disk. Finding: the same. */
bool tw_lint_replaced(const struct tw_lint *lint, const int *pids, size_t n,
                      struct tw_findings *findings, struct tw_err *e);
