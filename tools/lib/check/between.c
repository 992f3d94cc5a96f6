/* SPDX-License-Identifier: ISC */
/* between.c: counters of SHOW STATS_TOTALS between two runs. */
#include "between.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tw_between_free(struct tw_between *f)
{
	free(f->item);
	free(f->stuck);
	*f = (struct tw_between)TW_BETWEEN_INIT;
}

/* integer is a member that is a whole number, -1 where it is none. */
static long long
integer(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* is tells whether a member is this text. */
static bool
is(const json_t *object, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL && strcmp(value, text) == 0;
}

/* entry_find is the entry of a list for a database, and a user where that is not NULL; or NULL. */
static const json_t *
entry_find(const json_t *list, const char *database, const char *user)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		if (is(entry, "database", database) && (user == NULL || is(entry, "user", user)))
			return entry;
	}
	return NULL;
}

/* figure_compare sets the mean wait since the last run, if both counters have only grown. */
static void
figure_compare(struct tw_interval *f, const json_t *before)
{
	long long waited = integer(before, "waited_us"), served = integer(before, "served");

	f->mean_wait_s = NAN;
	if (waited < 0 || served < 0 || f->waited_us < waited || f->served < served)
		return;
	f->few = f->served - served > 0 && f->served - served < TW_BETWEEN_LEAST;
	/* Who waits still is not counted yet: that is what maxwait tells. */
	if (f->served == served)
		f->mean_wait_s = 0;
	else if (!f->few)
		f->mean_wait_s = (double)(f->waited_us - waited) / 1e6 /
		                 (double)(f->served - served);
}

/*
 * totals_read makes a figure of each database but the console's. Before 1.23 PgBouncer does not
 * count how often it gave a server to a client: in transaction pooling that is once a transaction.
 */
static bool
totals_read(const struct tw_sample *s, const json_t *before, struct tw_between *f, struct tw_err *e)
{
	const PGresult *rows = s->table[TW_ADMIN_STATS_TOTALS];
	int n = rows != NULL ? PQntuples(rows) : 0;
	const char *served = rows != NULL && PQfnumber(rows, "server_assignment_count") >= 0
	                         ? "server_assignment_count"
	                         : "xact_count";

	f->item = calloc((size_t)n + 1, sizeof(*f->item));
	if (f->item == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (int i = 0; i < n; i++) {
		struct tw_interval *figure = &f->item[f->n];

		tw_admin_copy(rows, i, "database", figure->database, sizeof(figure->database));
		if (strcmp(figure->database, "pgbouncer") == 0)
			continue;
		figure->waited_us = tw_admin_number(rows, i, "wait_time");
		figure->served = tw_admin_number(rows, i, served);
		figure_compare(figure, entry_find(before, figure->database, NULL));
		f->n++;
	}
	return true;
}

/* stuck_read counts in how many runs in a row a pool has had a login under way. */
static bool
stuck_read(const struct tw_sample *s, const json_t *before, struct tw_between *f, struct tw_err *e)
{
	f->stuck = calloc(s->pools.n + 1, sizeof(*f->stuck));
	if (f->stuck == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	for (size_t i = 0; i < s->pools.n; i++) {
		const struct tw_pool *p = &s->pools.item[i];
		struct tw_login_run *stuck = &f->stuck[f->stuck_n];
		long long runs;

		if (p->sv_login == 0)
			continue;
		snprintf(stuck->database, sizeof(stuck->database), "%s", p->database);
		snprintf(stuck->user, sizeof(stuck->user), "%s", p->user);
		runs = integer(entry_find(before, p->database, p->user), "runs");
		stuck->runs = runs > 0 && runs < 1000000 ? (long)runs + 1 : 1;
		f->stuck_n++;
	}
	return true;
}

bool
tw_between_make(const struct tw_sample *s, const struct tw_process *p, const json_t *before,
                long long now, struct tw_between *f, struct tw_err *e)
{
	long long at = integer(before, "at_seconds"), pid = integer(before, "pooler_pid");
	long long apart = integer(before, "pooler_started_seconds") - p->started;
	/* Where the clock was set, the start moves with it: then nothing is compared, once. */
	bool same = at >= 0 && at < now && pid == p->pid && apart >= -2 && apart <= 2;

	f->at = now;
	f->pid = p->pid;
	f->started = p->started;
	f->between = same ? now - at : 0;
	if (!same)
		before = NULL;
	return totals_read(s, json_object_get(before, "databases"), f, e) &&
	       stuck_read(s, json_object_get(before, "logins"), f, e);
}

json_t *
tw_between_json(const struct tw_between *f)
{
	json_t *databases = json_array(), *logins = json_array();

	for (size_t i = 0; i < f->n; i++)
		json_array_append_new(databases,
		                      json_pack("{so sI sI}", "database",
		                                tw_json_name(f->item[i].database), "waited_us",
		                                (json_int_t)f->item[i].waited_us, "served",
		                                (json_int_t)f->item[i].served));
	for (size_t i = 0; i < f->stuck_n; i++)
		json_array_append_new(logins, json_pack("{so so sI}", "database",
		                                        tw_json_name(f->stuck[i].database), "user",
		                                        tw_json_name(f->stuck[i].user), "runs",
		                                        (json_int_t)f->stuck[i].runs));
	return json_pack("{sI sI sI so so}", "at_seconds", (json_int_t)f->at, "pooler_pid",
	                 (json_int_t)f->pid, "pooler_started_seconds", (json_int_t)f->started,
	                 "databases", databases, "logins", logins);
}

long
tw_between_stuck(const struct tw_between *f, const char *database, const char *user)
{
	for (size_t i = 0; i < f->stuck_n; i++) {
		if (strcmp(f->stuck[i].database, database) == 0 &&
		    strcmp(f->stuck[i].user, user) == 0)
			return f->stuck[i].runs;
	}
	return 0;
}
