/* SPDX-License-Identifier: ISC */
/* tune.c: SET, a round, SET, a round, and the settings as they were. */
#include "pg/admin.h"
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_TIMEOUT 5000 /* ms */

/* The settings that a round changes: PgBouncer takes them at its console, without a restart. */
static const char *const changed[] = { "default_pool_size", "reserve_pool_size", "min_pool_size" };
#define CHANGED (sizeof(changed) / sizeof(*changed))

long
tw_tune_knee(const struct tw_tune_point *point, size_t n)
{
	double best = 0;

	for (size_t i = 0; i < n; i++)
		best = fmax(best, isnan(point[i].per_second) ? 0 : point[i].per_second);
	for (size_t i = 0; best > 0 && i < n; i++) {
		if (point[i].per_second >= TW_TUNE_ENOUGH * best)
			return point[i].size;
	}
	return TW_TUNE_NONE;
}

/* settings_read reads the settings as they are. */
static bool
settings_read(PGconn *console, long value[CHANGED], struct tw_err *e)
{
	PGresult *rows = NULL;
	bool ok = tw_admin_show(console, TW_ADMIN_CONFIG, tw_pg_now() + ASK_TIMEOUT, &rows, e);

	for (size_t i = 0; ok && i < CHANGED; i++) {
		int row = tw_admin_row(rows, "key", changed[i]);

		ok = row >= 0 || tw_fail(e, EX_UNAVAILABLE, "the console has no %s", changed[i]);
		value[i] = ok ? strtol(tw_admin_value(rows, row, "value"), NULL, 10) : 0;
	}
	PQclear(rows);
	return ok;
}

/* setting_make sets one of them. */
static bool
setting_make(PGconn *console, const char *key, long value, struct tw_err *e)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SET %s = %ld", key, value);
	return tw_pg_exec(console, sql, tw_pg_now() + ASK_TIMEOUT, NULL, e);
}

/* size_make lets pools have this size and no reserve; server connections are opened anew. */
static bool
size_make(PGconn *console, long size, struct tw_err *e)
{
	return setting_make(console, changed[0], size, e) &&
	       setting_make(console, changed[1], 0, e) && setting_make(console, changed[2], 0, e) &&
	       tw_pg_exec(console, "RECONNECT", tw_pg_now() + ASK_TIMEOUT, NULL, e);
}

/* settings_restore puts all back, over a connection of its own where the first one is gone. */
static bool
settings_restore(PGconn **console, struct tw_pg_params *params, const long value[CHANGED],
                 struct tw_err *e)
{
	struct tw_err own = TW_ERR_INIT;
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		own = (struct tw_err)TW_ERR_INIT;
		ok = *console != NULL ||
		     tw_admin_connect(params, tw_pg_now() + ASK_TIMEOUT, console, &own);
		for (size_t j = 0; ok && j < CHANGED; j++)
			ok = setting_make(*console, changed[j], value[j], &own);
		if (ok)
			return true;
		PQfinish(*console);
		*console = NULL;
	}
	tw_fail(e, EX_UNAVAILABLE, "the pooler's settings could not be put back: %s", own.msg);
	return tw_hint(e, "RELOAD at its console, or systemctl reload pgbouncer, does it.");
}

/* point_take runs the bots once and keeps what they came to. */
static bool
point_take(struct tw_tune *t, struct tw_tune_point *p, struct tw_err *e)
{
	struct tw_target *target = &t->stress->target[TW_DSN];
	const double *v;

	if (!tw_stress_run(t->stress, e))
		return false;
	v = target->round[target->rounds - 1].value;
	p->per_second = v[TW_PER_SECOND];
	p->p50_ms = v[TW_P50];
	p->p99_ms = v[TW_P99];
	p->success = v[TW_SUCCESS];
	p->server_connections = v[TW_PEAK];
	return true;
}

bool
tw_tune_run(struct tw_tune *t, struct tw_err *e)
{
	struct tw_pg_params *params = &t->stress->sampler.console;
	struct tw_err restore = TW_ERR_INIT;
	PGconn *console = NULL;
	long before[CHANGED];
	size_t done = 0;
	bool ok = tw_admin_connect(params, tw_pg_now() + ASK_TIMEOUT, &console, e) &&
	          settings_read(console, before, e);

	if (!ok) {
		PQfinish(console);
		return tw_context(e, "console");
	}
	t->before = before[0];
	t->stress->rounds = 1;
	while (ok && done < t->n && !t->interrupted) {
		ok = size_make(console, t->point[done].size, e) &&
		     point_take(t, &t->point[done], e);
		t->interrupted = t->stress->interrupted;
		done += ok && !t->interrupted;
	}
	t->n = done;
	t->knee = tw_tune_knee(t->point, t->n);
	if (!settings_restore(&console, params, before, &restore)) {
		*e = restore;
		ok = false;
	}
	PQfinish(console);
	return ok;
}
