/* SPDX-License-Identifier: ISC */
/*
 * sample.h: what PgBouncer's console, and PostgreSQL where it may be asked, say at one moment.
 * Facts only; freeze.h and check.h judge them.
 */
#pragma once

#include "pg/admin.h"
#include "site/site.h"

/* Longer than any name of PostgreSQL (63 bytes) or PgBouncer (127 since 1.19). */
#define TW_POOL_NAME_SIZE 160

/* One row of SHOW POOLS, with what SHOW DATABASES, SHOW SERVERS and pg_stat_activity add to it. */
struct tw_pool {
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
	char
	    role[TW_POOL_NAME_SIZE]; /* as whom it logs in at PostgreSQL: user, or the forced one */
	long cl_active, cl_waiting;  /* clients */
	long sv_active, sv_idle, sv_used, sv_tested, sv_login; /* server connections */
	long long maxwait_us;                                  /* of the oldest waiting client */
	long limit;   /* server connections at most, reserve included; 0: no limit */
	long reserve; /* of these, those that are the reserve; 0 where another limit is lower */
	bool paused, disabled;
	/*
	 * Of its server connections, those whose state pg_stat_activity tells; 0 where PostgreSQL
	 * was not asked. Held: idle in transaction, or waiting for a lock that only server
	 * connections of the pooler keep from it.
	 */
	long backends, held, idle_in_transaction;
	/*
	 * When one of these backends last changed its state, in us of PostgreSQL's clock, and how
	 * long ago that was, in us; 0 without backends.
	 */
	long long last_change, still_us;
};

struct tw_pools {
	size_t n;
	struct tw_pool *item;
};

/* One server connection: the backend's process id, and the index of its pool. */
struct tw_server {
	long pid;
	size_t pool;
};

struct tw_servers {
	size_t n;
	struct tw_server *item;
};

/* A client backend that is no server connection of the pooler. */
struct tw_backend {
	long pid;
	char role[TW_POOL_NAME_SIZE], database[TW_POOL_NAME_SIZE], application[TW_POOL_NAME_SIZE];
	char address[64]; /* its client's, with `port`; "" at a Unix socket */
	int port;
	char since[TW_TIME_SIZE];
	bool hidden; /* our role may see no more than pid, role and database */
};

struct tw_backends {
	size_t n;
	struct tw_backend *item;
};

struct tw_sample {
	tw_ms at;
	char version[64];      /* of the running PgBouncer: "1.18.0" */
	char listen_addr[512]; /* as in SHOW CONFIG; "" where it takes no TCP connection */
	int listen_port;
	bool so_reuseport;
	long clients, max_client_conn;
	bool paused, suspended; /* all of it (SHOW STATE, since 1.19) */
	/* The answers themselves, where the sampler keeps them; NULL for what was not asked. */
	PGresult *table[TW_ADMIN_WORDS];
	struct tw_pools pools; /* without the console's own */
	struct tw_servers servers;
	bool postgres;        /* PostgreSQL was asked and answered; else what follows is 0 */
	long max_connections; /* its setting */
	long connections;     /* client backends, everybody's */
	long hidden;          /* server connections whose state our role may not see */
	/* Backends of the pools' roles: those that are server connections of the pooler, and
	 * others. */
	long pooled, direct;
	struct tw_backends outside; /* everybody's, ourselves included */
};

#define TW_SAMPLE_INIT \
	{              \
		0      \
	}

void tw_sample_free(struct tw_sample *s);

/* A pool by its name; an empty user is any. */
struct tw_pool_name {
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
};

#define TW_POOLS_ONLY_MAX 64

/*
 * Whom to ask. Both connections are opened when first needed and kept; one that failed is opened
 * anew by the next sample. `postgres` without keywords: PostgreSQL is not asked. `role` is one that
 * counts as the pools' roles do even before it has a pool; "" for none. With `only` no
 * other pool is seen, and no backend that serves one. With `totals` STATS_TOTALS is asked too, with
 * `clients` CLIENTS, and with either the answers are kept.
 */
struct tw_sampler {
	struct tw_pg_params console, postgres;
	PGconn *console_conn, *postgres_conn;
	char role[TW_POOL_NAME_SIZE];
	bool totals, clients;
	size_t only_n;
	struct tw_pool_name only[TW_POOLS_ONLY_MAX];
};

#define TW_SAMPLER_INIT              \
	{                            \
		.console_conn = NULL \
	}

void tw_sampler_free(struct tw_sampler *s);

/*
 * tw_sampler_site sets up a sampler for a site of this host: the console at the pooler's Unix
 * socket (below `root`, which is "" on a real host), as itself where the caller is the OS user
 * twpool-check, PostgreSQL as postgres.superuser or by auth.superuser_service. Parameters that are
 * set already stay.
 */
bool tw_sampler_site(struct tw_sampler *s, const struct tw_site *site, const char *root,
                     const char *program, struct tw_err *e);

/*
 * tw_sample_console asks the console; `out` is the caller's, freed or initialised, and is filled
 * on success only. Errors as tw_pg_connect and tw_pg_exec, with "console" in front.
 */
bool tw_sample_console(struct tw_sampler *s, tw_ms deadline, struct tw_sample *out,
                       struct tw_err *e);

/* tw_sample_tables is the part of that which asks over the console's open connection. */
bool tw_sample_tables(const struct tw_sampler *s, tw_ms deadline, struct tw_sample *out,
                      struct tw_err *e);

/*
 * tw_sample_postgres adds what PostgreSQL knows to a sample of the console taken just before; the
 * sample stays without on failure. Errors: as above with "PostgreSQL" in front. A role that may not
 * see the states of others (it needs pg_read_all_stats) sees connections, and no backend as held.
 */
bool tw_sample_postgres(struct tw_sampler *s, tw_ms deadline, struct tw_sample *sample,
                        struct tw_err *e);
