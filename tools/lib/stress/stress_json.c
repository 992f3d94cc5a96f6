/* SPDX-License-Identifier: ISC */
/* stress_json.c: the report for scripts. It holds no password: parameters are named one by one. */
#include "stress_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* text is a string; bytes that are not ASCII become "?" where the whole is not UTF-8. */
static json_t *
text(const char *s)
{
	json_t *json = s != NULL ? json_string(s) : json_null();
	char *copy;

	if (json != NULL || (copy = strdup(s)) == NULL)
		return json;
	for (char *c = copy; *c != '\0'; c++) {
		if ((*c & 0x80) != 0)
			*c = '?';
	}
	json = json_string(copy);
	free(copy);
	return json;
}

/* failures_json is the list of a target's failures. */
static json_t *
failures_json(const struct tw_failures *failures)
{
	json_t *list = json_array();

	for (size_t i = 0; i < failures->n; i++) {
		const struct tw_failure *f = &failures->item[i];

		json_array_append_new(
		    list, json_pack("{ss so so ss sI}", "class", f->class, "sqlstate",
		                    text(f->sqlstate[0] != '\0' ? f->sqlstate : NULL), "message",
		                    text(f->message), "phase", tw_failure_phase_word(f->phase),
		                    "count", (json_int_t)f->count));
	}
	return list;
}

/* rounds_json is the list of single rounds. */
static json_t *
rounds_json(const struct tw_target *t, struct tw_err *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->rounds; i++) {
		json_t *round = json_object();

		if (!tw_figures_json(&t->round[i], 1, round, e) ||
		    json_array_append(list, round) != 0) {
			json_decref(round);
			json_decref(list);
			return NULL;
		}
		json_decref(round);
	}
	return list;
}

/* target_json is one target; its figures are left out where it never came to a round. */
static json_t *
target_json(const struct tw_stress *s, const struct tw_target *t, struct tw_err *e)
{
	static const char *const public[] = { "host", "hostaddr", "port", "dbname", "user" };
	json_t *target = json_pack("{ss}", "name", t->name), *rounds = rounds_json(t, e);
	bool ok = rounds != NULL;

	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		json_object_set_new(target, public[i],
		                    text(tw_pg_params_get(&t->params, public[i])));
	json_object_update_new(target, json_pack("{so sI sI}", "pooled",
	                                         t->known ? json_boolean(t->pooled) : json_null(),
	                                         "bots", (json_int_t)s->swarm.bots, "bots_asked",
	                                         (json_int_t)s->bots_asked));
	ok = ok && (t->rounds == 0 || tw_figures_json(t->round, t->rounds, target, e));
	if (ok && t->rounds > 0)
		json_object_update_new(json_object_get(target, "server_connections"),
		                       json_pack("{sI sI}", "samples", (json_int_t)t->samples,
		                                 "failed_samples", (json_int_t)t->failed_samples));
	json_object_set_new(target, "client_kind",
	                    json_string(t->kind == TW_CLIENT_WIRE ? "wire" : "libpq"));
	json_object_set_new(target, "failures", failures_json(&t->failures));
	json_object_set_new(target, "latency_histogram", tw_json_histogram(&t->latencies));
	json_object_set_new(target, "login_histogram", tw_json_histogram(&t->login_latencies));
	json_object_set_new(target, "samples", tw_json_points(t));
	json_object_set_new(target, "rounds", rounds);
	if (ok)
		return target;
	json_decref(target);
	return NULL;
}

/* comparison_json is what the pairs came to, null where they did not. */
static json_t *
comparison_json(const struct tw_stress *s)
{
	const struct tw_overhead *o = &s->overhead;

	if (o->pairs == 0)
		return json_null();
	return json_pack("{sI so so so s{so so so so}}", "pairs", (json_int_t)o->pairs,
	                 "versus_p50_ms", tw_figures_number(o->base_ms), "dsn_p50_ms",
	                 tw_figures_number(o->over_ms), "overhead_ms",
	                 tw_figures_number(o->difference_ms), "block_overhead_ms", "min",
	                 tw_figures_number(o->min_ms), "q1", tw_figures_number(o->q1_ms), "q3",
	                 tw_figures_number(o->q3_ms), "max", tw_figures_number(o->max_ms));
}

/* thresholds_json is the list of the limits that were given. */
static json_t *
thresholds_json(const struct tw_judged *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++) {
		const struct tw_limit *t = &v->item[i];

		json_array_append_new(
		    list,
		    json_pack("{ss sf so sb}", "name", t->name, "limit", t->limit, "value",
		              isnan(t->value) ? json_null() : json_real(t->value), "met", t->met));
	}
	return list;
}

bool
tw_stress_json(const struct tw_stress *s, const struct tw_judged *v, json_t *report,
               struct tw_err *e)
{
	json_t *targets = json_array(), *plan;
	bool ok = true;

	for (int i = 0; ok && i < (s->versus ? 2 : 1); i++) {
		json_t *target = target_json(s, &s->target[i], e);

		ok = target != NULL && json_array_append_new(targets, target) == 0;
	}
	plan = json_pack("{sI sI sI sf sf sf sf sf sf so so so so so so so so}", "bots", (json_int_t)s->swarm.bots,
	                 "bots_asked", (json_int_t)s->bots_asked, "rounds_asked",
	                 (json_int_t)s->rounds, "duration_seconds", (double)s->swarm.duration / 1e6,
	                 "think_seconds", (double)s->swarm.think / 1e6, "deadline_seconds",
	                 (double)s->swarm.deadline / 1e6, "login_deadline_seconds",
	                 (double)s->swarm.login_deadline / 1e6, "warmup_seconds",
	                 (double)s->swarm.warmup / 1e6, "rate_per_second", s->swarm.rate,
	                 "sweep", tw_json_sweep(s), "bottlenecks", tw_json_causes(s), "promises", tw_json_promises(s), "ledger",
	                 tw_json_ledger(&s->ledger), "frozen",
	                 text(s->frozen[0] != '\0' ? s->frozen : NULL), "targets", targets,
	                 "comparison", comparison_json(s), "thresholds", thresholds_json(v));
	ok = ok && plan != NULL && json_object_update(report, plan) == 0;
	json_decref(plan);
	if (!ok && e->exit == 0)
		tw_fail(e, EX_OSERR, "out of memory");
	return ok;
}
