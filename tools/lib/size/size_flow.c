/* SPDX-License-Identifier: ISC */
/*
 * size_flow.c: databases on one side, users on the other, a pool between each two. Connections are
 * first opened one pool after the other; then, as long as one more fits, a pool gives one up so
 * that others can open it (an augmenting path, Ford and Fulkerson).
 */
#include "size_flow.h"

#include <stdint.h>
#include <stdlib.h>

/* All open connections: open[d * users + u]; and of each database and user together. */
struct flow {
	const struct tw_size *s;
	size_t server;
	const long *user_cap;
	long *open, *database, *user;
	size_t *from, *queue; /* of the search: nodes are databases, then users */
	bool *seen;
};

/* room is how many more connections a pool may open, by itself. */
static long
room(const struct flow *f, size_t d, size_t u)
{
	const struct tw_size_pool *p = &f->s->database[d].pool[u];

	return f->s->database[d].server == f->server ? p->most - f->open[d * f->s->users + u] : 0;
}

/* database_cap is the cap of a database alone. */
static long
database_cap(const struct flow *f, size_t d)
{
	const struct tw_size_database *x = &f->s->database[d];

	return tw_size_least(x->max_db_connections.value, x->connection_limit);
}

/* pool_add opens n (or closes -n) connections of a pool. */
static void
pool_add(struct flow *f, size_t d, size_t u, long n)
{
	f->open[d * f->s->users + u] += n;
	f->database[d] += n;
	f->user[u] += n;
}

/* greedy opens what fits, one pool after the other; the number opened. */
static long
greedy(struct flow *f)
{
	long sum = 0;

	for (size_t d = 0; d < f->s->databases; d++) {
		for (size_t u = 0; u < f->s->users; u++) {
			long n = tw_size_least(room(f, d, u),
			                       tw_size_least(database_cap(f, d) - f->database[d],
			                                     f->user_cap[u] - f->user[u]));

			pool_add(f, d, u, n);
			sum += n;
		}
	}
	return sum;
}

/*
 * path_find looks for a chain from a database with room to a user with room: a database goes to
 * users by pools with room, a user back to databases by pools that can give one up. The user at its
 * end, or SIZE_MAX.
 */
static size_t
path_find(struct flow *f)
{
	size_t databases = f->s->databases, users = f->s->users, head = 0, tail = 0;

	for (size_t i = 0; i < databases + users; i++)
		f->seen[i] = false;
	for (size_t d = 0; d < databases; d++) {
		if (f->s->database[d].server != f->server || f->database[d] >= database_cap(f, d))
			continue;
		f->seen[d] = true;
		f->from[d] = SIZE_MAX;
		f->queue[tail++] = d;
	}
	while (head < tail) {
		size_t node = f->queue[head++];
		bool is_user = node >= databases;
		size_t others = is_user ? databases : users;

		for (size_t i = 0; i < others; i++) {
			size_t d = is_user ? i : node, u = is_user ? node - databases : i;
			size_t next = is_user ? d : databases + u;

			if (f->seen[next] ||
			    (is_user ? f->open[d * users + u] <= 0 : room(f, d, u) <= 0))
				continue;
			f->seen[next] = true;
			f->from[next] = node;
			if (!is_user && f->user[u] < f->user_cap[u])
				return next;
			f->queue[tail++] = next;
		}
	}
	return SIZE_MAX;
}

/* path_use opens one connection more along the chain that ends at a user. */
static void
path_use(struct flow *f, size_t node)
{
	size_t databases = f->s->databases;

	while (f->from[node] != SIZE_MAX) {
		size_t before = f->from[node];

		if (node >= databases)
			pool_add(f, before, node - databases, 1);
		else
			pool_add(f, node, before - databases, -1);
		node = before;
	}
}

long
tw_size_flow(const struct tw_size *s, size_t server, const long *user_cap, long bound)
{
	size_t nodes = s->databases + s->users, end;
	struct flow f = { s, server, user_cap, NULL, NULL, NULL, NULL, NULL, NULL };
	long sum = TW_SIZE_UNKNOWN;

	if (bound == TW_SIZE_UNLIMITED)
		return bound;
	f.open = calloc(s->databases * s->users + 1, sizeof(*f.open));
	f.database = calloc(s->databases + 1, sizeof(*f.database));
	f.user = calloc(s->users + 1, sizeof(*f.user));
	f.from = calloc(nodes + 1, sizeof(*f.from));
	f.queue = calloc(nodes + 1, sizeof(*f.queue));
	f.seen = calloc(nodes + 1, sizeof(*f.seen));
	if (f.open != NULL && f.database != NULL && f.user != NULL && f.from != NULL &&
	    f.queue != NULL && f.seen != NULL) {
		sum = greedy(&f);
		while (sum < bound && (end = path_find(&f)) != SIZE_MAX) {
			path_use(&f, end);
			sum++;
		}
	}
	free(f.open);
	free(f.database);
	free(f.user);
	free(f.from);
	free(f.queue);
	free(f.seen);
	return sum;
}
