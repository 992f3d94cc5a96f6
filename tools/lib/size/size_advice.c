/* SPDX-License-Identifier: ISC */
/*
 * size_advice.c: the server connections that are SAFE are shared out. A database that needs less
 * than an equal share keeps its settings, the others get what is left in equal parts as
 * max_db_connections, and in these their users get pools of equal size.
 */
#include "size_advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tw_size_advice_free(struct tw_size_advice *a)
{
	free(a->change);
	*a = (struct tw_size_advice)TW_SIZE_ADVICE_INIT;
}

/*
 * change_add asks for at most `value` at the place of a setting, or where that is one for all
 * databases and there are several servers, at `key` of this database. The lowest one wins.
 */
static void
change_add(const struct tw_size *s, const struct tw_size_database *d, const char *key,
           const struct tw_size_setting *setting, long value, struct tw_size_advice *a)
{
	struct tw_size_change own = { .now = setting->value, .value = value };
	bool global = strncmp(setting->place, "pgbouncer.", 10) == 0;
	size_t i = 0;

	if (setting->value <= value)
		return;
	if (global && s->servers > 1)
		snprintf(own.place, sizeof(own.place), "databases[%zu].%s", d->index, key);
	else
		memcpy(own.place, setting->place, sizeof(own.place));
	while (i < a->n && strcmp(a->change[i].place, own.place) != 0)
		i++;
	if (i == a->n)
		a->change[a->n++] = own;
	else
		a->change[i].value = tw_size_least(a->change[i].value, value);
}

/* pool_fit makes a pool one of `most` connections, its reserve a quarter of it at most. */
static void
pool_fit(const struct tw_size *s, const struct tw_size_database *d, const struct tw_size_pool *p,
         long most, struct tw_size_advice *a)
{
	long reserve = tw_size_least(p->reserve.value, most / 4);

	if (p->size.value <= most - p->reserve.value)
		return;
	change_add(s, d, "pool_size", &p->size, most > 1 ? most - reserve : 1, a);
	change_add(s, d, "reserve_pool", &p->reserve, reserve, a);
}

/* shares_make shares `budget` out: share[i] is what database i gets, or 0 where it is not changed.
 * False where there is not even one connection for each. */
static bool
shares_make(const struct tw_size *s, size_t server, long budget, long *share)
{
	long open = 0;
	bool again = true;

	for (size_t i = 0; i < s->databases; i++) {
		share[i] = s->database[i].server == server ? -1 : 0;
		open += share[i] < 0;
	}
	while (again && open > 0) {
		again = false;
		for (size_t i = 0; i < s->databases; i++) {
			if (share[i] < 0 && s->database[i].most <= budget / open) {
				share[i] = 0;
				budget -= s->database[i].most;
				again = --open > 0;
				break;
			}
		}
	}
	for (size_t i = 0; i < s->databases; i++)
		share[i] = share[i] < 0 ? budget / open : 0;
	return open == 0 || budget >= open;
}

bool
tw_size_advise(const struct tw_size *s, size_t index, struct tw_size_advice *a, struct tw_err *e)
{
	const struct tw_size_server *server = &s->server[index];
	const struct tw_size_state *after = &server->state[TW_SIZE_AFTER];
	long *share, users = (long)s->users;

	if (!server->asked || after->status == TW_SIZE_SAFE)
		return true;
	share = calloc(s->databases, sizeof(*share));
	/* A database, and each of its pools' sizes and reserves. */
	a->change = calloc(s->databases * (1 + 2 * s->users), sizeof(*a->change));
	if (share == NULL || a->change == NULL) {
		free(share);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	a->max_connections = TW_SIZE_UNLIMITED;
	if (after->connections != TW_SIZE_UNLIMITED)
		a->max_connections = (after->connections * 10 + 7) / 8 + server->max_connections -
		                     server->usable;
	if (shares_make(s, index, server->usable * 8 / 10 - server->others_reckoned, share)) {
		for (size_t i = 0; i < s->databases; i++) {
			const struct tw_size_database *d = &s->database[i];

			if (share[i] == 0)
				continue;
			for (size_t j = 0; j < s->users; j++)
				pool_fit(s, d, &d->pool[j], share[i] / users, a);
			change_add(s, d, "max_db_connections", &d->max_db_connections, share[i], a);
		}
	}
	free(share);
	return true;
}
