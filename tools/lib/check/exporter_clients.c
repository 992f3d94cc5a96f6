/* SPDX-License-Identifier: ISC */
/* exporter_clients.c: how many clients are alike, of SHOW CLIENTS. */
#include "exporter.h"

#include <stdlib.h>
#include <string.h>

/* What makes clients alike, in the exporter's order. application_name came with 1.18. */
#define KEYS 4
static const char *const keys[KEYS] = { "database", "user", "application_name", "state" };

struct client {
	const char *value[KEYS];
};

/* client_compare orders clients so that those that are alike stand together. */
static int
client_compare(const void *a, const void *b)
{
	const struct client *x = a, *y = b;
	int order = 0;

	for (size_t i = 0; i < KEYS && order == 0; i++)
		order = strcmp(x->value[i], y->value[i]);
	return order;
}

/* clients_read lists those of the pools that are looked at. */
static size_t
clients_read(const struct tw_sample *s, bool only, const PGresult *rows, struct client *out)
{
	size_t n = 0;

	for (int i = 0; i < PQntuples(rows); i++) {
		bool wanted = !only;

		for (size_t k = 0; k < KEYS; k++) {
			const char *value = tw_admin_value(rows, i, keys[k]);

			out[n].value[k] = value != NULL ? value : "";
		}
		for (size_t p = 0; p < s->pools.n && !wanted; p++)
			wanted = strcmp(s->pools.item[p].database, out[n].value[0]) == 0 &&
			         strcmp(s->pools.item[p].user, out[n].value[1]) == 0;
		n += wanted;
	}
	return n;
}

/* group_add appends the sample of `count` clients that are alike. */
static bool
group_add(struct tw_exposition *x, const struct client *c, size_t count, struct tw_err *e)
{
	struct tw_label labels[KEYS + 1] = { 0 };

	for (size_t k = 0; k < KEYS; k++)
		labels[k] = (struct tw_label){ keys[k], c->value[k] };
	return tw_point(x, labels, (double)count, e);
}

bool
tw_exporter_clients(struct tw_exposition *x, const struct tw_sample *s, bool only, struct tw_err *e)
{
	const PGresult *rows = s->table[TW_ADMIN_CLIENTS];
	struct client *list;
	size_t n, same;
	bool ok = true;

	if (rows == NULL)
		return true;
	list = calloc((size_t)PQntuples(rows) + 1, sizeof(*list));
	if (list == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	n = clients_read(s, only, rows, list);
	qsort(list, n, sizeof(*list), client_compare);
	tw_family(x, "pgbouncer_client_connections", "gauge",
	          "Clients by database, user, application and state.");
	for (size_t i = 0; ok && i < n; i += same) {
		same = 1;
		while (i + same < n && client_compare(&list[i], &list[i + same]) == 0)
			same++;
		ok = group_add(x, &list[i], same, e);
	}
	free(list);
	return ok;
}
