/* SPDX-License-Identifier: ISC */
/*
 * facts.h: everything that a check wants to know, asked within one deadline and written down with
 * how asking went. What it means is decided in check.h.
 */
#pragma once

#include "base/opt.h"
#include "lint/lint.h"
#include "pg/accept.h"
#include "pg/straggler.h"
#include "pg/verify.h"
#include "between.h"
#include "drift.h"
#include "host.h"
#include "watch.h"

/* How asking went. LATE: no answer before the deadline; REFUSED: the login. */
enum tw_asked { TW_ASKED_NOT, TW_ASKED_OK, TW_ASKED_LATE, TW_ASKED_REFUSED, TW_ASKED_FAILED };

struct tw_answer {
	enum tw_asked how;
	tw_ms ms; /* how long it took */
	struct tw_err e;
};

/* A login as a client, and what it is for in words. */
struct tw_client {
	char database[TW_POOL_NAME_SIZE], user[TW_POOL_NAME_SIZE];
	struct tw_pg_params params;
	struct tw_answer answer;
	struct tw_login login;
};

/*
 * The questions, and whom to ask. `expected` are pools that should be spoken of even where
 * PgBouncer has not made them yet. The times are in ms: `timeout` for all but the watch,
 * which comes first and lasts `watch`.
 */
struct tw_asking {
	struct tw_sampler sampler;
	bool console, listener, config, postgres, freeze, host, stragglers,
	    secrets;                         /* which to ask */
	tw_ms timeout, watch, login_timeout; /* the last: of each login, 0 for none of its own */
	long long freeze_us;
	size_t clients;
	struct tw_client *client; /* on the heap: most runs have none, and it is large */
	size_t expected_n;
	struct tw_pool_name *expected;
	bool state;                 /* something is kept between runs */
	bool site;                  /* there is one, so that `config` can be asked */
	struct tw_site whole;       /* it */
	struct tw_lint has;         /* what it says the pooler has */
	struct tw_err config_error; /* why that is not known; 0 */
};

#define TW_ASKING_INIT                                                                 \
	{                                                                              \
		.sampler = TW_SAMPLER_INIT, .whole = TW_SITE_INIT, .has = TW_LINT_INIT \
	}

void tw_asking_free(struct tw_asking *a);

/* The answers; clients keep theirs. The sample is complete as far as `console` and `postgres` are.
 */
struct tw_facts {
	struct tw_answer console, listener, config, postgres, stragglers, secrets;
	struct tw_sample sample;
	struct tw_accepts accepts;
	struct tw_findings differs; /* between the site and the pooler */
	struct tw_live live;        /* in what they agree */
	struct tw_freeze freeze;
	struct tw_host host; /* where the console answered; of one that hangs the process */
	struct tw_stragglers direct;
	struct tw_drift drift;
	json_t *alerts; /* what alerted in the last run, for linger.h; ours, or NULL */
	bool compared;  /* `between` was made */
	struct tw_between between;
	bool has_watched;
	tw_ms watched_ms;
	struct tw_watched watched;
};

#define TW_FACTS_INIT                                                   \
	{                                                               \
		.freeze = TW_FREEZE_INIT, .direct = TW_STRAGGLERS_INIT, \
	}

void tw_facts_free(struct tw_facts *f);

/*
 * tw_pool_stranded tells a pool whose clients wait while it has no server connection, nor gets one:
 * PgBouncer makes no attempt (it does when a client comes, but after a failure only every
 * server_login_retry), or one that has lasted for over a second. maxwait is 0 for clients that wait
 * to be let in (measured on 1.18).
 */
bool tw_pool_stranded(const struct tw_pool *p);

/*
 * tw_facts_ask asks in the order in which hanging does the least harm: the console, the listening
 * addresses, the settings, PostgreSQL, clients; each but the last leaves some time to those behind
 * it. A question that fails is an answer; EX_OSERR where we cannot go on ourselves.
 */
bool tw_facts_ask(struct tw_asking *a, struct tw_facts *f, struct tw_err *e);

/* Between two samples, in ms. */
#define TW_FACTS_INTERVAL 250

/* tw_facts_watch is its first part, which SIGINT and SIGTERM end early. EX_OSERR. */
bool tw_facts_watch(struct tw_asking *a, struct tw_facts *f, struct tw_err *e);
