/* SPDX-License-Identifier: ISC */
/*
 * size.h: whether the pools of a site fit into max_connections of each PostgreSQL behind them. What
 * the site says is read once (tw_size_site), what a server says is added (tw_size_ask), then all of
 * it is reckoned (tw_size_reckon): numbers in, numbers out.
 */
#pragma once

#include <limits.h>
#include "stress/sample.h"

#define TW_SIZE_UNLIMITED                                                      \
	LONG_MAX /* a limit that there is none of, and a sum that has no bound \
	          */
#define TW_SIZE_UNKNOWN (-1L)

/* In the order in which the worse hides the better. */
enum tw_size_status { TW_SIZE_SAFE, TW_SIZE_TIGHT, TW_SIZE_NOT_KNOWN, TW_SIZE_OVERSUBSCRIBED };

/* A number and the key of site.json that it stands at, "databases[0].pool_size". */
struct tw_size_setting {
	long value; /* TW_SIZE_UNLIMITED where there is no limit */
	char place[64];
};

/* The pool of one database and one user. */
struct tw_size_pool {
	struct tw_size_setting size, reserve;
	long most; /* server connections, by these and the limits of the user */
};

struct tw_size_database {
	const char *name, *dbname; /* borrowed from the site; dbname is PostgreSQL's */
	size_t index, server;      /* in databases[] of the site, and in `server` below */
	struct tw_size_setting max_db_connections;
	long connection_limit;     /* ALTER DATABASE ... CONNECTION LIMIT */
	struct tw_size_pool *pool; /* one for each user */
	long pools, most;          /* all pools together; and capped */
};

struct tw_size_user {
	const char *name; /* borrowed from the site */
	struct tw_size_setting max_user_connections;
};

/* A user as one server knows it. */
struct tw_size_role {
	long connection_limit; /* ALTER ROLE ... CONNECTION LIMIT */
	bool superuser;
	long most; /* in all databases of this server; capped */
};

/* The three moments for which connections are reckoned. */
enum tw_size_moment { TW_SIZE_CUT_OVER, TW_SIZE_AFTER, TW_SIZE_ROLLED_BACK, TW_SIZE_MOMENTS };

struct tw_size_state {
	long connections;
	enum tw_size_status status;
};

/* One PostgreSQL. Until it has answered, `asked` is false and its numbers are TW_SIZE_UNKNOWN. */
struct tw_size_server {
	char host[256];
	long port;
	bool asked;
	char error[1024]; /* why it has not answered; "" where nobody asked */
	long max_connections, superuser_reserved;
	long reserved; /* reserved_connections; TW_SIZE_UNKNOWN before PostgreSQL 16 */
	long usable;   /* what is left of max_connections for ordinary roles */
	/*
	 * Client backends now, without our own: of roles that are not pooled; of pooled ones past
	 * the pooler; of pooled ones that serve it, TW_SIZE_UNKNOWN where its console did not
	 * answer: they are direct ones then.
	 */
	long others, direct, pooled;
	long others_reckoned;              /* what was given, or those of now where they are more */
	struct tw_size_role *role;         /* one for each user */
	long by_databases, by_users, most; /* two bounds of S, and S itself */
	struct tw_size_state state[TW_SIZE_MOMENTS];
};

struct tw_size {
	int version; /* of PgBouncer as tw_key_version has it; 0: not given, the worst of all */
	size_t users, databases, servers;
	struct tw_size_user *user;
	struct tw_size_database *database;
	struct tw_size_server *server;
	long others; /* given by the caller; 0 for none */
	long bots, max_client_conn;
	bool so_reuseport;
	long lookup; /* server connections of lookup and probe, on the first server */
	long descriptors;           /* that the pooler may need at once */
	long descriptors_limit;     /* the LimitNOFILE that has room for them */
	long descriptors_server;    /* that a game server needs for its players */
	enum tw_size_status status; /* the worst of all servers, after the deploy */
};

#define TW_SIZE_INIT \
	{            \
		0    \
	}

void tw_size_free(struct tw_size *s);

/*
 * tw_size_site takes over what a site says, for one version of PgBouncer (0: any). `s` is
 * initialised and borrows from the site. EX_CONFIG for a value that the pooler's file cannot hold,
 * or that this version does not know.
 */
bool tw_size_site(const struct tw_site *site, int version, struct tw_size *s, struct tw_err *e);

/* tw_size_find is the index of the server at host and port, s->servers if no database is there. */
size_t tw_size_find(const struct tw_size *s, const char *host, long port);

/* tw_size_local tells whether a host, as libpq reads it, is this one. */
bool tw_size_local(const char *host);

/*
 * tw_size_ask asks a server for its limits and connections; `pooler` is a sample of the pooler's
 * console taken just before, or NULL. The server is as it was on failure, but for `error`. Errors
 * as tw_pg_connect and tw_pg_exec, with "PostgreSQL at HOST:PORT" in front.
 */
bool tw_size_ask(struct tw_size *s, size_t server, const struct tw_pg_params *postgres,
                 const struct tw_sample *pooler, tw_ms deadline, struct tw_err *e);

/* tw_size_reckon fills every sum, state and status. */
void tw_size_reckon(struct tw_size *s);

/* tw_size_least is the lower of two limits. */
long tw_size_least(long a, long b);

/* tw_size_word is a status as JSON says it: "safe"; tw_size_moment_word a moment: "cut_over". */
const char *tw_size_word(enum tw_size_status status);
const char *tw_size_moment_word(enum tw_size_moment moment);
