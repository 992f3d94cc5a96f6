/* SPDX-License-Identifier: ISC */
/* cause.c: one row for each thing that can hold a run back; the order is the rank. */
#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A share of samples from which on something is no accident. */
#define OFTEN 0.5
/* A process with one thread has used up its core from here on. */
#define CORE 0.9
/* Less than this of one core idle: the host has nothing left. */
#define IDLE 0.25
/* A login with a SCRAM secret costs PgBouncer 0.1 ms; with a plain password 3.5 and more. */
#define LOGIN_MS 1.5

/* A client that waits for so long while transactions are open waits for these. */
#define HELD_MS 400

/* What the rows look at. */
struct seen {
	const struct tw_stress *s;
	const struct tw_target *t;
};

/* value is a figure of the target, the median of its rounds. */
static double
value(const struct seen *x, enum tw_figure which)
{
	return x->t->rounds > 0 ? tw_figures_median(x->t->round, x->t->rounds, which).value : NAN;
}

/* failure_of is the most frequent failure of one of these classes, with words in it or NULL. */
static const struct tw_failure *
failure_of(const struct seen *x, const char *const *classes, const char *words)
{
	const struct tw_failure *most = NULL;

	for (size_t i = 0; i < x->t->failures.n; i++) {
		const struct tw_failure *f = &x->t->failures.item[i];

		for (const char *const *c = classes; *c != NULL; c++) {
			if (strcmp(f->class, *c) == 0 &&
			    (words == NULL || strstr(f->message, words) != NULL) &&
			    (most == NULL || f->count > most->count))
				most = f;
		}
	}
	return most;
}

/* failed writes a failure as evidence. */
static bool
failed(const struct tw_failure *f, char out[512])
{
	if (f != NULL)
		snprintf(out, 512, "%ld x %s, %s: %s", f->count, tw_failure_phase_word(f->phase),
		         f->class, f->message);
	return f != NULL;
}

static bool
frozen(const struct seen *x, char out[512])
{
	snprintf(out, 512, "%.500s", x->s->frozen);
	return x->s->frozen[0] != '\0';
}

static bool
authentication(const struct seen *x, char out[512])
{
	static const char *const own[] = { "authentication", NULL };
	static const char *const servers[] = { "pooler_login_failed", NULL };
	const struct tw_failure *f = failure_of(x, own, NULL);

	return failed(f != NULL ? f : failure_of(x, servers, "authentication failed"), out);
}

static bool
authentication_cost(const struct seen *x, char out[512])
{
	double ms = value(x, TW_POOLER_LOGIN_MS), cores = value(x, TW_POOLER_LOGIN_CPU);
	double logins = value(x, TW_LOGINS);

	snprintf(out, 512,
	         "each login takes %.1f ms of the pooler's CPU (%.2f cores while bots log in); "
	         "0.1 ms is usual",
	         ms, cores);
	/* CPU time is counted in ticks of 10 ms: of a few logins nothing can be told. */
	return ms >= LOGIN_MS && ms * logins >= 60;
}

static bool
max_client_conn(const struct seen *x, char out[512])
{
	static const char *const classes[] = { "pooler_full", NULL };

	if (x->s->swarm.bots < x->s->bots_asked) {
		snprintf(out, 512, "the pooler takes %ld of %ld bots", x->s->swarm.bots,
		         x->s->bots_asked);
		return true;
	}
	return failed(failure_of(x, classes, NULL), out);
}

static bool
descriptors(const struct seen *x, char out[512])
{
	double n = value(x, TW_POOLER_DESCRIPTORS), limit = value(x, TW_POOLER_DESCRIPTORS_LIMIT);

	snprintf(out, 512, "the pooler has %.0f of %.0f descriptors open", n, limit);
	return limit > 0 && n >= limit - 3;
}

static bool
max_connections(const struct seen *x, char out[512])
{
	static const char *const classes[] = { "slots_reserved", "too_many_clients",
		                               "too_many_for_role", "too_many_for_database", NULL };
	static const char *const servers[] = { "pooler_login_failed", NULL };
	const struct tw_failure *f = failure_of(x, classes, NULL);

	if (f == NULL)
		f = failure_of(x, servers, "too many");
	return failed(f != NULL ? f : failure_of(x, servers, "connection slots"), out);
}

static bool
postgres_down(const struct seen *x, char out[512])
{
	static const char *const classes[] = { "pooler_login_failed", "server_crashed",
		                               "shutting_down", "starting_up", NULL };
	double empty = value(x, TW_POOL_EMPTY);

	if (empty >= OFTEN) {
		snprintf(out, 512,
		         "in %.0f %% of the samples clients waited and the pooler had no server "
		         "connection at all",
		         empty * 100);
		return true;
	}
	return failed(failure_of(x, classes, NULL), out);
}

static bool
unreachable(const struct seen *x, char out[512])
{
	static const char *const classes[] = { "refused", "unreachable", "connection_lost", NULL };

	return failed(failure_of(x, classes, NULL), out);
}

static bool
held(const struct seen *x, char out[512])
{
	double share = value(x, TW_POOL_HELD), wait = value(x, TW_LONGEST_WAIT);

	snprintf(out, 512,
	         "in %.0f %% of the samples clients waited while open transactions that did nothing "
	         "held every server connection at work; the longest wait was %.0f ms",
	         share * 100, wait);
	return value(x, TW_POOL_STILL) >= OFTEN || (share >= OFTEN && wait >= HELD_MS);
}

static bool
locks(const struct seen *x, char out[512])
{
	double n = value(x, TW_LOCKED), cores = value(x, TW_POSTGRES_CPU);

	snprintf(out, 512, "%.1f backends wait for a lock at any time; PostgreSQL uses %.2f cores",
	         n, cores);
	return n >= 1;
}

/* full tells whether clients wait for server connections. */
static bool
full(const struct seen *x)
{
	return value(x, TW_POOL_FULL) >= OFTEN;
}

static bool
pool_size(const struct seen *x, char out[512])
{
	double share = value(x, TW_POOL_FULL), limit = value(x, TW_POOL_LIMIT);
	double idle = value(x, TW_HOST_IDLE);
	bool small = limit < (double)sysconf(_SC_NPROCESSORS_ONLN);

	snprintf(out, 512,
	         "in %.0f %% of the samples all %.0f server connections were at work and clients "
	         "waited (%.0f at most, for %.0f ms); %.2f cores were idle",
	         share * 100, limit, value(x, TW_WAITING), value(x, TW_LONGEST_WAIT), idle);
	return full(x) && (small || !(idle < IDLE));
}

static bool
client_cpu(const struct seen *x, char out[512])
{
	double cores = value(x, TW_CLIENT_CPU);

	snprintf(out, 512, "the bots' own thread uses %.2f of its one core", cores);
	return cores >= CORE;
}

static bool
pooler_core(const struct seen *x, char out[512])
{
	double cores = value(x, TW_POOLER_CPU);

	snprintf(out, 512, "the pooler uses %.2f of its one core", cores);
	return cores >= CORE;
}

static bool
postgres_cpu(const struct seen *x, char out[512])
{
	double cores = value(x, TW_POSTGRES_CPU), idle = value(x, TW_HOST_IDLE);

	snprintf(out, 512, "PostgreSQL uses %.2f cores and %.2f of %ld are idle", cores, idle,
	         sysconf(_SC_NPROCESSORS_ONLN));
	return idle < IDLE && cores >= 0.5 && cores > value(x, TW_POOLER_CPU) && cores > value(x, TW_CLIENT_CPU);
}

/* used adds up what the parts of the run use, as far as that is known. */
static double
used(const struct seen *x)
{
	static const enum tw_figure parts[] = { TW_CLIENT_CPU, TW_POOLER_CPU, TW_POSTGRES_CPU };
	double sum = 0;

	for (size_t i = 0; i < 3; i++)
		sum += isnan(value(x, parts[i])) ? 0 : value(x, parts[i]);
	return sum;
}

static bool
host_cpu(const struct seen *x, char out[512])
{
	double idle = value(x, TW_HOST_IDLE), ours = used(x), n = (double)sysconf(_SC_NPROCESSORS_ONLN);

	snprintf(out, 512,
	         "%.2f of %.0f cores are idle; bots, pooler and PostgreSQL use %.2f, others %.2f", idle,
	         n, ours, fmax(n - idle - ours, 0));
	return idle < IDLE;
}

static const struct row {
	const char *name, *what, *setting;
	bool (*find)(const struct seen *x, char out[512]);
} rows[] = {
	{ "freeze", "a pool is frozen", "default_pool_size above the server's threads, or the server",
	  frozen },
	{ "authentication", "logins are refused", "the role's password and auth_file", authentication },
	{ "max_client_conn", "the pooler takes no more clients", "max_client_conn", max_client_conn },
	{ "descriptors", "the pooler has no descriptors left", "LimitNOFILE of its unit", descriptors },
	{ "max_connections", "PostgreSQL takes no more connections",
	  "max_connections, or smaller pools", max_connections },
	{ "postgres_down", "the pooler cannot log in at PostgreSQL",
	  "PostgreSQL itself; server_login_retry", postgres_down },
	{ "unreachable", "nobody answers there", "the address in the DSN; the server's service",
	  unreachable },
	{ "authentication_cost", "logins cost the pooler too much",
	  "SCRAM secrets instead of plain passwords in auth_file", authentication_cost },
	{ "held_transactions", "open transactions hold the pool",
	  "the transactions; idle_transaction_timeout, default_pool_size", held },
	{ "locks", "transactions wait for each other's locks", "the statements; not the pooler", locks },
	{ "pool_size", "clients wait for server connections", "default_pool_size", pool_size },
	{ "client_cpu", "the bots have no CPU left", "fewer bots here, or bots on another host",
	  client_cpu },
	{ "pooler_core", "the pooler has no CPU left", "so_reuseport with a second process",
	  pooler_core },
	{ "postgres_cpu", "PostgreSQL has no CPU left", "the statements, or more cores", postgres_cpu },
	{ "host_cpu", "the host has no CPU left", "more cores, or bots on another host", host_cpu },
};

void
tw_causes_find(const struct tw_stress *s, struct tw_causes *out)
{
	const struct seen x = { s, &s->target[TW_DSN] };

	*out = (struct tw_causes){ 0 };
	if (x.t->rounds == 0 && s->frozen[0] == '\0')
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tw_cause c = { rows[i].name, rows[i].what, rows[i].setting, "" };

		if (rows[i].find(&x, c.evidence))
			out->item[out->n++] = c;
	}
}
