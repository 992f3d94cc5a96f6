/* SPDX-License-Identifier: ISC */
/* auth.h: what the source files of twpool-auth share. */
#pragma once

#include "pg/verify.h"
#include "program.h"
#include "site/site.h"

struct options {
	const char *site;
	bool check;
	bool json;
	bool quiet;
	long timeout;
	const char *dsn, *db, *host, *as;
	long port;
	long retry;
	bool expect_pooler, expect_direct, need_password;
	const char *pooler_user;
	bool dry_run;
	const char *password_file;
};

/* auth_site loads the site that --site names; EX_USAGE without one. */
bool auth_site(const struct options *o, struct tw_site *site, struct tw_err *e);

/* The commands of auth_lookup.c: see the help texts of twpool-auth.c. */
int run_install(const void *options, int n, char **operands, struct tw_err *e);
int run_access(const void *options, int n, char **operands, struct tw_err *e);
int run_reload(const void *options, int n, char **operands, struct tw_err *e);
int run_purge(const void *options, int n, char **operands, struct tw_err *e);

/* The commands of auth_verify.c and auth_probe.c. */
int run_verify(const void *options, int n, char **operands, struct tw_err *e);
int run_probe(const void *options, int n, char **operands, struct tw_err *e);

/* auth_login_do logs in, as the OS user --as where that is asked for (root only). */
bool auth_login_do(const struct options *o, const struct tw_pg_params *p, struct tw_login *login,
                   struct tw_err *e);

/* auth_login_expected holds the kind of peer against what was asked for; 1 where it differs. */
bool auth_login_expected(const struct options *o, const struct tw_login *l, struct tw_err *e);

/* auth_login_print says what was proven. */
bool auth_login_print(const struct options *o, const struct tw_login *l, struct tw_err *e);

/* The command of auth_rotate.c. */
int run_rotate(const void *options, int n, char **operands, struct tw_err *e);

/* What messages and pg_stat_activity call us. */
#define AUTH_NAME "twpool-auth"
