/* SPDX-License-Identifier: ISC */
/*
 * auth.h: the SCRAM secrets of the roles in site.json, as PostgreSQL holds them, and whether a
 * pooler could log in with them. A secret is as good as a password to whoever guesses offline.
 */
#pragma once

#include "pg.h"
#include "site/site.h"

/* What can be wrong with a role, as bits. */
enum tw_role_problem {
	TW_ROLE_ABSENT = 1,
	TW_ROLE_NOLOGIN = 2,
	TW_ROLE_EXPIRED = 4,
	TW_ROLE_NO_PASSWORD = 8,
	TW_ROLE_MD5 = 16,
	TW_ROLE_UNKNOWN_SECRET = 32,
	TW_ROLE_SUPERUSER = 64,
	TW_ROLE_REPLICATION = 128, /* this and the next only where auth.method is "query" */
	TW_ROLE_BYPASSRLS = 256,
};

/* One of site.json's users as PostgreSQL knows it. secret is "" where there is none. */
struct tw_role {
	char *name;
	char *secret;
	unsigned problems;
};

struct tw_roles {
	size_t n;
	struct tw_role *item; /* in the order of site.json */
	char server_version[64];
	long max_connections;
};

#define TW_ROLES_INIT          \
	{                      \
		0, NULL, "", 0 \
	}

/* tw_roles_free wipes the secrets. */
void tw_roles_free(struct tw_roles *roles);

/*
 * tw_roles_fetch asks PostgreSQL for all users of `site` as its superuser, over the local socket or
 * through the service auth.superuser_service (see superuser.h), and judges them. `program` is what
 * pg_stat_activity shows. Errors: EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG (no such OS user).
 */
bool tw_roles_fetch(const struct tw_site *site, const char *program, tw_ms deadline,
                    struct tw_roles *roles, struct tw_err *e);

/* tw_role_problem_text words one bit of problems: "has no password", and in *fix what to do. */
const char *tw_role_problem_text(unsigned bit, const char **fix);
