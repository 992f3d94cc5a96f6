/* SPDX-License-Identifier: ISC */
/* size_table_pools.c: the terms of S, one database or user a line. */
#include "size_report.h"

#include <stdio.h>

const char *
tw_size_number(long n, char out[TW_SIZE_NUMBER])
{
	if (n == TW_SIZE_UNLIMITED)
		return "unlimited";
	if (n == TW_SIZE_UNKNOWN)
		return "-";
	snprintf(out, TW_SIZE_NUMBER, "%ld", n);
	return out;
}

/* pool_add appends one pool as a term: "(25 + 5)", "min(20, 25 + 5)", "unlimited". */
static bool
pool_add(struct tw_buf *b, const struct tw_size_pool *p, struct tw_err *e)
{
	bool endless = p->size.value == TW_SIZE_UNLIMITED;
	bool capped = p->most < (endless ? TW_SIZE_UNLIMITED : p->size.value + p->reserve.value);

	if (capped && !tw_buf_printf(b, e, "min(%ld, ", p->most))
		return false;
	if (endless)
		return tw_buf_printf(b, e, "unlimited%s", capped ? ")" : "");
	return tw_buf_printf(b, e, "%s%ld + %ld)", capped ? "" : "(", p->size.value,
	                     p->reserve.value);
}

/* limit_add appends ", NAME 40" where there is such a limit. */
static bool
limit_add(struct tw_buf *b, const char *name, long limit, struct tw_err *e)
{
	return limit == TW_SIZE_UNLIMITED || tw_buf_printf(b, e, ", %s %ld", name, limit);
}

/* pools_add appends a line for each pool, with the keys that set it. */
static bool
pools_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_database *d,
          struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < s->users; i++)
		ok = tw_buf_printf(b, e, "  %9s  - pool %s/%s: ", "", d->name, s->user[i].name) &&
		     pool_add(b, &d->pool[i], e) &&
		     tw_buf_printf(b, e, " by %s, %s\n", d->pool[i].size.place,
		                   d->pool[i].reserve.place);
	return ok;
}

/* database_add appends a database: its pools, what caps them, and what they come to. */
static bool
database_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_database *d,
             bool verbose, struct tw_err *e)
{
	char most[TW_SIZE_NUMBER];
	bool ok = tw_buf_printf(b, e, "  %9s  database %s: ", tw_size_number(d->most, most),
	                        d->name);

	for (size_t i = 0; ok && i < s->users; i++)
		ok = tw_buf_puts(b, i > 0 ? " + " : "", e) && pool_add(b, &d->pool[i], e);
	return ok && limit_add(b, "max_db_connections", d->max_db_connections.value, e) &&
	       limit_add(b, "CONNECTION LIMIT", d->connection_limit, e) &&
	       tw_buf_puts(b, "\n", e) && (!verbose || pools_add(b, s, d, e));
}

/* users_add appends the users that have a limit, which counts in all databases together. */
static bool
users_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
          struct tw_err *e)
{
	char most[TW_SIZE_NUMBER];
	bool ok = true;

	for (size_t i = 0; ok && i < s->users; i++) {
		long limit = s->user[i].max_user_connections.value;
		const struct tw_size_role *role = &server->role[i];

		if (tw_size_least(limit, role->connection_limit) == TW_SIZE_UNLIMITED)
			continue;
		ok = tw_buf_printf(b, e, "  %9s  user %s, in all databases",
		                   tw_size_number(role->most, most), s->user[i].name) &&
		     limit_add(b, "max_user_connections", limit, e) &&
		     limit_add(b, "CONNECTION LIMIT", role->connection_limit, e) &&
		     tw_buf_puts(b, "\n", e);
	}
	return ok;
}

bool
tw_size_table_pools(const struct tw_size *s, size_t server, bool verbose, struct tw_buf *b,
                    struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < s->databases; i++) {
		if (s->database[i].server == server)
			ok = database_add(b, s, &s->database[i], verbose, e);
	}
	return ok && users_add(b, s, &s->server[server], e);
}
