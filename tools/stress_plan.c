/* SPDX-License-Identifier: ISC */
/* stress_plan.c: targets, clients, the script, and what does not go together. */
#include "stress_plan.h"
#include "base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* versus_read reads the second target; what it leaves out is as in the first. */
static bool
versus_read(const struct stress_options *o, struct tw_stress *s, struct tw_err *e)
{
	const struct tw_pg_params *dsn = &s->target[TW_DSN].params;
	struct tw_pg_params *p = &s->target[TW_VERSUS].params;
	bool ok = tw_pg_dsn_read(o->versus, o->db, p, e) || tw_context(e, "--versus");

	if (!ok || tw_pg_params_get(p, "service") != NULL)
		return ok;
	/* hostaddr would win over the new host */
	if (tw_pg_params_get(p, "host") != NULL)
		ok = tw_pg_params_default(p, "hostaddr", "", e);
	for (size_t i = 0; ok && i < dsn->n; i++)
		ok = tw_pg_params_default(p, dsn->keyword[i], dsn->value[i], e);
	return ok;
}

bool
stress_targets_read(const struct stress_options *o, struct tw_stress *s, struct tw_err *e)
{
	static const char word[] = "fallback_application_name";

	s->versus = o->versus != NULL;
	return (tw_pg_dsn_read(o->dsn, o->db, &s->target[TW_DSN].params, e) ||
	        tw_context(e, "--dsn")) &&
	       (!s->versus || versus_read(o, s, e)) &&
	       tw_pg_params_default(&s->target[TW_DSN].params, word, STRESS_NAME, e) &&
	       tw_pg_params_default(&s->target[TW_VERSUS].params, word, STRESS_NAME, e);
}

bool
stress_clients_choose(const struct stress_options *o, struct tw_stress *s, struct tw_err *e)
{
	bool libpq = o->client != NULL && strcmp(o->client, "libpq") == 0;
	bool wire = o->client != NULL && strcmp(o->client, "wire") == 0;
	enum tw_client_choice choice = libpq  ? TW_CLIENT_ONLY_LIBPQ
	                               : wire ? TW_CLIENT_ONLY_WIRE
	                                      : TW_CLIENT_ANY;

	if (o->client != NULL && !libpq && !wire)
		return tw_fail(e, EX_USAGE, "--client: expected wire or libpq, got '%s'",
		               o->client);
	for (int i = 0; i < (s->versus ? 2 : 1); i++) {
		if (!tw_target_client(&s->target[i], choice, e))
			return tw_context(e, "--%s", s->target[i].name);
	}
	return true;
}

bool
stress_sweep_read(const struct stress_options *o, struct tw_stress *s, struct tw_err *e)
{
	const char *at = o->sweep;

	while (at != NULL && *at != '\0') {
		char *end;
		long bots = strtol(at, &end, 10);

		if (end == at || (*end != ',' && *end != '\0') || bots < 1 || bots > 100000 ||
		    s->sweep_n == TW_SWEEP_MAX)
			return tw_fail(e, EX_USAGE,
			               "--sweep: expected up to %d numbers of bots, got '%s'",
			               TW_SWEEP_MAX, o->sweep);
		s->sweep[s->sweep_n++].bots = bots;
		at = *end == ',' ? end + 1 : end;
	}
	return true;
}

json_t *
stress_curve_read(const struct stress_options *o, struct tw_err *e)
{
	json_t *report, *tune, *curve = NULL;
	const char *tool;

	if (o->curve == NULL)
		return json_null();
	report = tw_json_load(o->curve, e);
	if (report == NULL)
		return NULL;
	tool = json_string_value(json_object_get(report, "tool"));
	tune = json_object_get(report, "tune");
	if (tool == NULL || strcmp(tool, "twpool-size") != 0 ||
	    json_array_size(json_object_get(tune, "curve")) == 0) {
		tw_fail(e, EX_DATAERR, "--curve: '%s' holds no pool sizes", o->curve);
		tw_hint(e, "twpool-size --tune --json prints what is wanted here.");
	} else if (json_object_set(tune, "time", json_object_get(report, "time")) == 0) {
		curve = json_incref(tune);
	} else {
		tw_fail(e, EX_OSERR, "out of memory");
	}
	json_decref(report);
	return curve;
}

bool
stress_script_choose(const struct stress_options *o, struct tw_script *script, struct tw_err *e)
{
	for (size_t i = 0; i < o->define.n; i++) {
		if (!tw_script_define(script, o->define.item[i], e))
			return false;
	}
	return o->script ? tw_script_read(o->script, script, e)
	                 : tw_script_builtin(o->builtin ? o->builtin : "read", script, e);
}

bool
stress_sampler_read(const struct stress_options *o, struct tw_sampler *sampler, struct tw_err *e)
{
	struct tw_site site = TW_SITE_INIT;
	bool ok = true;

	if (o->console != NULL)
		ok = tw_pg_dsn_read(o->console, NULL, &sampler->console, e) ||
		     tw_context(e, "--console");
	if (ok && o->postgres != NULL)
		ok = tw_pg_dsn_read(o->postgres, NULL, &sampler->postgres, e) ||
		     tw_context(e, "--postgres");
	if (ok && o->site != NULL)
		ok = tw_site_load(o->site, &site, e) &&
		     tw_sampler_site(sampler, &site, tw_root(), STRESS_NAME, e);
	tw_site_free(&site);
	return ok;
}

bool
stress_options_check(const struct stress_options *o, struct tw_err *e)
{
	if (o->dsn == NULL)
		return tw_fail(e, EX_USAGE, "--dsn DSN is required");
	if (o->pairs > 0 && o->versus == NULL) {
		tw_fail(e, EX_USAGE, "--pairs needs --versus");
		return tw_hint(e, "name the database itself there, past the pooler.");
	}
	if (o->pairs > 0 && o->pairs < TW_OVERHEAD_BLOCKS)
		return tw_fail(e, EX_USAGE, "--pairs: expected 0, or %d or more, got %ld",
		               TW_OVERHEAD_BLOCKS, o->pairs);
	if (o->bots == 0 && o->pairs == 0) {
		tw_fail(e, EX_USAGE, "--bots 0 without --pairs leaves nothing to measure");
		return tw_hint(e, "ask for bots, or for --pairs with --versus.");
	}
	if (o->bots == 0 &&
	    (!isnan(o->min_success) || !isnan(o->max_p99) || o->max_server_connections > 0))
		return tw_fail(e, EX_USAGE, "a threshold for bots needs bots");
	if (o->duration <= 0 && !isnan(o->max_p99))
		return tw_fail(e, EX_USAGE, "--max-p99 needs a --duration");
	if (!isnan(o->max_overhead) && o->pairs == 0)
		return tw_fail(e, EX_USAGE, "--max-overhead needs --pairs");
	if (o->postgres != NULL && o->site == NULL && o->console == NULL)
		return tw_fail(e, EX_USAGE, "--postgres needs --console or --site");
	if (o->max_server_connections > 0 && o->site == NULL &&
	    (o->console == NULL || o->postgres == NULL)) {
		tw_fail(e, EX_USAGE, "--max-server-connections needs somebody who counts them");
		return tw_hint(e, "give --site, or --console and --postgres.");
	}
	if (o->curve != NULL && o->json == NULL && o->html == NULL)
		return tw_fail(e, EX_USAGE, "--curve needs --json or --html");
	if (o->script != NULL && o->builtin != NULL)
		return tw_fail(e, EX_USAGE, "--script and --builtin exclude each other");
	if (o->ledger != NULL &&
	    (o->script != NULL || o->builtin != NULL || o->versus != NULL || o->sweep != NULL))
		return tw_fail(e, EX_USAGE, "--ledger has its own transaction, and one target");
	if (o->protocol != NULL && strcmp(o->protocol, "simple") != 0 &&
	    strcmp(o->protocol, "extended") != 0)
		return tw_fail(e, EX_USAGE, "--protocol: expected simple or extended, got '%s'",
		               o->protocol);
	if (o->deadline <= 0 || o->login_deadline <= 0)
		return tw_fail(e, EX_USAGE, "a deadline must be more than 0 seconds");
	return true;
}
