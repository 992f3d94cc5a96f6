/* SPDX-License-Identifier: ISC */
/* size.c: the arithmetic. It asks nobody. */
#include "size.h"
#include "size_flow.h"

#include <stdlib.h>

/* A limit of descriptors is a multiple of this. */
enum { DESCRIPTORS_STEP = 4096 };

void
tw_size_free(struct tw_size *s)
{
	for (size_t i = 0; i < s->databases; i++)
		free(s->database[i].pool);
	for (size_t i = 0; i < s->servers; i++)
		free(s->server[i].role);
	free(s->user);
	free(s->database);
	free(s->server);
	*s = (struct tw_size)TW_SIZE_INIT;
}

const char *
tw_size_word(enum tw_size_status status)
{
	static const char *const words[] = {
		[TW_SIZE_SAFE] = "safe",
		[TW_SIZE_TIGHT] = "tight",
		[TW_SIZE_NOT_KNOWN] = "unknown",
		[TW_SIZE_OVERSUBSCRIBED] = "oversubscribed",
	};

	return words[status];
}

const char *
tw_size_moment_word(enum tw_size_moment moment)
{
	static const char *const words[] = { "cut_over", "after", "rolled_back" };

	return words[moment];
}

long
tw_size_least(long a, long b)
{
	return a < b ? a : b;
}

/* sum adds two bounds: what has none stays without. */
static long
sum(long a, long b)
{
	return a == TW_SIZE_UNLIMITED || b == TW_SIZE_UNLIMITED ? TW_SIZE_UNLIMITED : a + b;
}

/*
 * pool_own is what a pool may have by its own size. A pool of size 0 that is not unlimited, which
 * is so before 1.24, opens one connection all the same (src/objects.c, launch_new_connection).
 */
static long
pool_own(const struct tw_size_pool *p)
{
	long most = sum(p->size.value, p->reserve.value);

	return most < 1 ? 1 : most;
}

/* user_cap is the lower limit of one user at one server: the pooler's or PostgreSQL's. */
static long
user_cap(const struct tw_size *s, const struct tw_size_server *server, size_t user)
{
	return tw_size_least(s->user[user].max_user_connections.value,
	                     server->role[user].connection_limit);
}

/* database_reckon fills a database and its pools. */
static void
database_reckon(const struct tw_size *s, struct tw_size_database *d)
{
	d->pools = 0;
	for (size_t i = 0; i < s->users; i++) {
		struct tw_size_pool *p = &d->pool[i];

		p->most = tw_size_least(pool_own(p), user_cap(s, &s->server[d->server], i));
		d->pools = sum(d->pools, p->most);
	}
	d->most = tw_size_least(tw_size_least(d->pools, d->max_db_connections.value),
	                        d->connection_limit);
}

/* together is S: what all limits allow at once, which may be less than either of the two sums. */
static long
together(const struct tw_size *s, size_t index, long bound)
{
	long *caps = calloc(s->users + 1, sizeof(*caps)), most = TW_SIZE_UNKNOWN;

	for (size_t j = 0; caps != NULL && j < s->users; j++)
		caps[j] = user_cap(s, &s->server[index], j);
	if (caps != NULL)
		most = tw_size_flow(s, index, caps, bound);
	free(caps);
	return most == TW_SIZE_UNKNOWN ? bound : most;
}

/*
 * server_pools reckons two sums, both of which S does not exceed: each database capped, all added
 * up; and each user capped, all added up. The limits of a user count in all databases together.
 */
static void
server_pools(struct tw_size *s, size_t index)
{
	struct tw_size_server *server = &s->server[index];

	server->by_databases = 0;
	server->by_users = 0;
	for (size_t i = 0; i < s->databases; i++) {
		if (s->database[i].server == index)
			server->by_databases = sum(server->by_databases, s->database[i].most);
	}
	for (size_t j = 0; j < s->users; j++) {
		long most = 0;

		for (size_t i = 0; i < s->databases; i++) {
			const struct tw_size_database *d = &s->database[i];

			if (d->server == index)
				most = sum(most, tw_size_least(d->pool[j].most, d->most));
		}
		server->role[j].most = tw_size_least(most, user_cap(s, server, j));
		server->by_users = sum(server->by_users, server->role[j].most);
	}
	server->most = together(s, index, tw_size_least(server->by_databases, server->by_users));
}

/* status_of holds a number of connections against what there is. */
static enum tw_size_status
status_of(long connections, long usable)
{
	if (connections > usable)
		return TW_SIZE_OVERSUBSCRIBED;
	return connections * 10 > usable * 8 ? TW_SIZE_TIGHT : TW_SIZE_SAFE;
}

/* server_states fills the three moments. */
static void
server_states(const struct tw_size *s, struct tw_size_server *server)
{
	long back = s->bots > server->direct ? s->bots : server->direct, others;

	others = s->others > server->others ? s->others : server->others;
	server->others_reckoned = server->asked ? others : TW_SIZE_UNKNOWN;
	for (int i = 0; i < TW_SIZE_MOMENTS; i++)
		server->state[i] = (struct tw_size_state){ TW_SIZE_UNKNOWN, TW_SIZE_NOT_KNOWN };
	if (!server->asked)
		return;
	server->state[TW_SIZE_CUT_OVER].connections = sum(server->most, server->direct + others);
	server->state[TW_SIZE_AFTER].connections = sum(server->most, others);
	server->state[TW_SIZE_ROLLED_BACK].connections = back + others;
	for (int i = 0; i < TW_SIZE_MOMENTS; i++)
		server->state[i].status = status_of(server->state[i].connections, server->usable);
}

/*
 * descriptors_reckon: a client has one descriptor and a server connection too, and while cancel
 * requests wait a pool opens twice its size, past every other limit. The hundred are the log,
 * listeners, files of keys and the console.
 */
static void
descriptors_reckon(struct tw_size *s)
{
	long n = s->max_client_conn + 100;

	for (size_t i = 0; i < s->databases; i++) {
		const struct tw_size_database *d = &s->database[i];

		for (size_t j = 0; j < s->users; j++) {
			const struct tw_size_pool *p = &d->pool[j];

			/* Without a limit it grows as clients ask, and then not for cancels. */
			if (p->size.value == TW_SIZE_UNLIMITED)
				n += tw_size_least(
				    tw_size_least(d->max_db_connections.value,
				                  s->user[j].max_user_connections.value),
				    s->max_client_conn);
			else
				n += 2 * p->size.value + p->reserve.value;
		}
	}
	s->descriptors = n;
	s->descriptors_limit = (n + DESCRIPTORS_STEP - 1) / DESCRIPTORS_STEP * DESCRIPTORS_STEP;
	s->descriptors_server = 2 * s->bots;
}

void
tw_size_reckon(struct tw_size *s)
{
	for (size_t i = 0; i < s->databases; i++)
		database_reckon(s, &s->database[i]);
	s->status = TW_SIZE_SAFE;
	for (size_t i = 0; i < s->servers; i++) {
		enum tw_size_status status;

		server_pools(s, i);
		server_states(s, &s->server[i]);
		status = s->server[i].state[TW_SIZE_AFTER].status;
		s->status = status > s->status ? status : s->status;
	}
	descriptors_reckon(s);
}
