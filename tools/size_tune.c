/* SPDX-License-Identifier: ISC */
/* size_tune.c: what --tune needs before and after its rounds. */
#include "size_tune.h"
#include "base/file.h"
#include "program.h"
#include "size/tune_report.h"

#include <stdlib.h>
#include <string.h>

static const char name[] = "twpool-size";

/* sizes_read reads "1,2,4,8", smallest first. */
static bool
sizes_read(const char *at, struct tw_tune *t, struct tw_err *e)
{
	const char *text = at;

	while (*at != '\0') {
		char *end;
		long size = strtol(at, &end, 10);

		if (end == at || (*end != ',' && *end != '\0') || size < 1 || size > 10000 ||
		    t->n == TW_TUNE_MAX || (t->n > 0 && size <= t->point[t->n - 1].size))
			return tw_fail(e, EX_USAGE, "--sizes: expected rising pool sizes, got '%s'",
			               text);
		t->point[t->n++].size = size;
		at = *end == ',' ? end + 1 : end;
	}
	return t->n > 0 || tw_fail(e, EX_USAGE, "--sizes: expected pool sizes");
}

/* sizes_rule tells whether default_pool_size decides: a pool with a size of its own is refused. */
static bool
sizes_rule(const struct tw_size *size, struct tw_err *e)
{
	for (size_t i = 0; i < size->databases; i++) {
		for (size_t j = 0; j < size->users; j++) {
			const struct tw_size_setting *own = &size->database[i].pool[j].size;

			if (strcmp(own->place, "pgbouncer.default_pool_size") == 0)
				continue;
			tw_fail(e, EX_CONFIG, "%s: a pool with a size of its own cannot be tuned",
			        own->place);
			return tw_hint(e,
			               "--tune changes default_pool_size of the running pooler.");
		}
	}
	return true;
}

/* fits is the largest size of every pool that PostgreSQL has room for; 0 where it is not known. */
static long
fits(const struct tw_size *size)
{
	long least = 0;

	for (size_t i = 0; i < size->servers; i++) {
		const struct tw_size_server *server = &size->server[i];
		long pools = 0, one;

		for (size_t j = 0; j < size->databases; j++)
			pools += size->database[j].server == i ? (long)size->users : 0;
		if (!server->asked || pools == 0)
			return 0;
		one = (server->usable - server->others_reckoned) / pools;
		least = least == 0 || one < least ? one : least;
	}
	return least > 0 ? least : 0;
}

/* stress_make sets up the bots. */
static bool
stress_make(const struct size_tune_options *o, const struct tw_site *site, struct tw_script *script,
            struct tw_stress *s, struct tw_err *e)
{
	struct tw_target *t = &s->target[TW_DSN];

	s->swarm.script = script;
	return (o->script != NULL ? tw_script_read(o->script, script, e)
	                          : tw_script_builtin("read", script, e)) &&
	       (tw_pg_dsn_read(o->dsn, o->db, &t->params, e) || tw_context(e, "--dsn")) &&
	       tw_pg_params_default(&t->params, "fallback_application_name", name, e) &&
	       tw_target_client(t, TW_CLIENT_ANY, e) &&
	       tw_sampler_site(&s->sampler, site, tw_root(), name, e) && tw_stress_prepare(s, e);
}

/* report writes what came of it. */
static bool
report(const struct size_tune_options *o, const struct tw_tune *t, long room, struct tw_err *e)
{
	json_t *json = tw_json_report(name, t->knee != TW_TUNE_NONE ? "ok" : "failed");
	struct tw_buf page = TW_BUF_INIT, table = TW_BUF_INIT;
	bool ok = json != NULL ? tw_tune_json(t, room, json, e)
	                       : tw_fail(e, EX_OSERR, "out of memory");

	if (ok && o->html != NULL)
		ok = tw_tune_page(json, &page, e) && program_write(o->html, &page, e);
	if (ok && o->json) {
		ok = program_print(json, e);
		json = NULL;
	} else if (ok && !o->quiet) {
		ok = tw_tune_table(t, room, &table, e);
		if (ok)
			fputs(tw_buf_text(&table), stdout);
	}
	tw_buf_free(&page);
	tw_buf_free(&table);
	json_decref(json);
	return ok;
}

int
size_tune(const struct size_tune_options *o, const struct tw_site *site, const struct tw_size *size,
          struct tw_err *e)
{
	struct tw_stress s = { .bots_asked = o->bots,
		               .rounds = 1,
		               .freeze_us = TW_FREEZE_SECONDS * 1000000LL,
		               .target = { { .name = "dsn" }, { .name = "versus" } },
		               .swarm = { .duration = (tw_us)(o->seconds * 1e6),
		                          .think = (tw_us)(o->think * 1e6),
		                          .deadline = 60000000,
		                          .login_deadline = 60000000,
		                          .logins_at_once = TW_SWARM_LOGINS } };
	struct tw_tune t = { .stress = &s };
	struct tw_script script = TW_SCRIPT_INIT;
	bool ok = sizes_read(o->sizes, &t, e) && sizes_rule(size, e) &&
	          stress_make(o, site, &script, &s, e);

	if (ok) {
		s.swarm.signals = program_signals(e);
		ok = s.swarm.signals >= 0 && tw_tune_run(&t, e) && report(o, &t, fits(size), e);
		if (ok && t.interrupted)
			ok = tw_fail(e, EX_TEMPFAIL, "interrupted: the settings are as before");
		else if (ok && t.knee == TW_TUNE_NONE)
			ok = tw_fail(e, EX_UNAVAILABLE, "no transaction succeeded");
	}
	tw_stress_free(&s);
	tw_script_free(&script);
	return ok ? 0 : e->exit;
}
