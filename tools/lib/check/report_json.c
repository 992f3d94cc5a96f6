/* SPDX-License-Identifier: ISC */
/* report_json.c: the same verdict for programs, with all that was measured. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* real is a number rounded to microseconds, and null where unknown. */
static json_t *
real(double x)
{
	return isnan(x) ? json_null() : json_real(round(x * 1e6) / 1e6);
}

/* count is a whole number, and null where unknown. */
static json_t *
count(bool known, long long n)
{
	return known ? json_integer(n) : json_null();
}

/* range is a threshold as it would be written on a command line, and null where there is none. */
static json_t *
range(bool has, const struct tw_range *r)
{
	char out[TW_RANGE_SIZE];

	if (!has)
		return json_null();
	tw_range_text(r, out);
	return json_string(out);
}

/* metric is one value with its thresholds, in the value's own unit. */
static json_t *
metric(const struct tw_metric *m)
{
	json_t *unit = *m->unit != '\0' ? json_string(m->unit) : json_null();
	bool whole = *m->unit == '\0' && !isnan(m->value);

	return json_pack(
	    "{ss so so so so so}", "name", m->name, "value",
	    whole ? json_integer((json_int_t)m->value) : real(m->value), "unit", unit, "warning",
	    range(m->threshold.has_warning, &m->threshold.warning), "critical",
	    range(m->threshold.has_critical, &m->threshold.critical), "max",
	    isnan(m->max) || m->max <= 0 ? json_null() : json_integer((json_int_t)m->max));
}

/* summary is the report in one line, as a plugin would say it. */
static json_t *
summary(const struct tw_report *r)
{
	struct tw_buf line = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	json_t *json = tw_report_headline(r, &line, &ignored) ? tw_json_name(tw_buf_text(&line))
	                                                      : NULL;

	tw_buf_free(&line);
	return json;
}

/* result is one entry of checks[]. */
static json_t *
result(const struct tw_result *r)
{
	json_t *metrics = json_array(), *object = json_null();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(metrics, metric(&r->metric[i]));
	if (*r->database != '\0')
		object = json_pack("{so so}", "database", tw_json_name(r->database), "user",
		                   *r->user != '\0' ? tw_json_name(r->user) : json_null());
	if (r->object != NULL)
		object = json_pack("{ss}", "setting", r->object);
	return json_pack("{ss ss so so so ss? ss? ss?}", "id", r->check, "status",
	                 tw_status_word(r->status), "summary", tw_json_name(r->summary), "object",
	                 object, "metrics", metrics, "cause", tw_cause_word(r->cause), "why",
	                 tw_cause_why(r->cause), "remedy", tw_cause_remedy(r->cause));
}

/* unjudged is the list of checks that were left out. */
static json_t *
unjudged(const struct tw_verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->unjudged_n; i++)
		json_array_append_new(list, json_pack("{ss ss}", "check", v->unjudged[i].check,
		                                      "reason", v->unjudged[i].reason));
	return list;
}

/* flow is the word for a pool's flow, and null where no detector looked. */
static json_t *
flow(const struct tw_freeze *f, const struct tw_pool *p)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->pool[i].database, p->database) == 0 &&
		    strcmp(f->pool[i].user, p->user) == 0)
			return json_string(tw_flow_word(f->pool[i].flow));
	}
	return json_null();
}

/* pool is one entry of pools[]. */
static json_t *
pool(const struct tw_facts *f, const struct tw_pool *p)
{
	json_t *json = json_pack(
	    "{so so sI sI sI sI sI sI sI}", "database", tw_json_name(p->database), "user",
	    tw_json_name(p->user), "clients_active", (json_int_t)p->cl_active, "clients_waiting",
	    (json_int_t)p->cl_waiting, "servers_active", (json_int_t)p->sv_active, "servers_idle",
	    (json_int_t)p->sv_idle, "servers_used", (json_int_t)p->sv_used, "servers_tested",
	    (json_int_t)p->sv_tested, "servers_login", (json_int_t)p->sv_login);

	json_object_update_new(json, json_pack("{so so sb sb so so so}", "servers_limit",
	                                       count(p->limit > 0, p->limit), "maxwait_seconds",
	                                       real((double)p->maxwait_us / 1e6), "paused",
	                                       p->paused, "disabled", p->disabled, "backends_held",
	                                       count(f->sample.postgres, p->held),
	                                       "backends_idle_in_transaction",
	                                       count(f->sample.postgres, p->idle_in_transaction),
	                                       "flow", flow(&f->freeze, p)));
	return json;
}

/* pools is the list of those that the console knows, and null where it did not answer. */
static json_t *
pools(const struct tw_facts *f)
{
	json_t *list;

	if (f->console.how != TW_ASKED_OK)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < f->sample.pools.n; i++)
		json_array_append_new(list, pool(f, &f->sample.pools.item[i]));
	return list;
}

/* listeners is the list of addresses that were tried, and null where none could be. */
static json_t *
listeners(const struct tw_facts *f)
{
	static const char *const words[] = {
		[TW_ACCEPT_OURS] = "accepts",    [TW_ACCEPT_SHARED] = "shared",
		[TW_ACCEPT_FOREIGN] = "foreign", [TW_ACCEPT_LATE] = "hangs",
		[TW_ACCEPT_FAILED] = "closed",
	};
	json_t *list;

	if (f->listener.how != TW_ASKED_OK || f->accepts.remote)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < f->accepts.n; i++)
		json_array_append_new(list,
		                      json_pack("{ss si ss}", "address", f->accepts.item[i].address,
		                                "port", f->sample.listen_port, "state",
		                                words[f->accepts.item[i].state]));
	return list;
}

/* postgres is its part of the sample, and null where it did not answer or was not asked. */
static json_t *
postgres(const struct tw_facts *f)
{
	const struct tw_sample *s = &f->sample;
	bool pooler = f->console.how == TW_ASKED_OK;

	if (!s->postgres)
		return json_null();
	return json_pack("{sI sI so so}", "connections", (json_int_t)s->connections,
	                 "max_connections", (json_int_t)s->max_connections, "pooled",
	                 count(pooler, s->pooled), "direct", count(pooler, s->direct));
}

/* watched is what a watch has seen, and null without one. */
static json_t *
watched(const struct tw_facts *f)
{
	const struct tw_watched *w = &f->watched;

	if (!f->has_watched)
		return json_null();
	return json_pack("{so sI sI so so so so}", "seconds", real((double)f->watched_ms / 1000),
	                 "samples", (json_int_t)w->samples, "failed", (json_int_t)w->failed,
	                 "peak_server_connections", count(w->postgres > 0, w->peak_pooled),
	                 "peak_direct", count(w->postgres > 0, w->peak_direct), "peak_waiting",
	                 count(w->samples > 0, w->peak_waiting), "longest_wait_seconds",
	                 w->samples > 0 ? real((double)w->longest_wait_us / 1e6) : json_null());
}

/* process is what is known of the pooler's, and null where it is not. */
static json_t *
process(const struct tw_facts *f)
{
	const struct tw_process *p = &f->host.process;
	bool estimated;
	long descriptors;

	if (f->console.how != TW_ASKED_OK || p->pid == 0)
		return json_null();
	descriptors = tw_process_descriptors(p, &f->sample, &estimated);
	return json_pack("{sI so sI sb so so so so so}", "pid", (json_int_t)p->pid,
	                 "started_seconds", count(p->started > 0, p->started), "descriptors",
	                 (json_int_t)descriptors, "descriptors_estimated", estimated,
	                 "max_descriptors", count(p->descriptors_most > 0, p->descriptors_most),
	                 "memory_bytes", count(p->memory_bytes >= 0, p->memory_bytes),
	                 "max_memory_bytes", count(p->memory_most_bytes > 0, p->memory_most_bytes),
	                 "program", *p->program != '\0' ? tw_json_name(p->program) : json_null(),
	                 "program_replaced",
	                 *p->program != '\0' ? json_boolean(p->replaced) : json_null());
}

json_t *
tw_report_json(const struct tw_report *r)
{
	const struct tw_facts *f = r->facts;
	bool known = f->console.how == TW_ASKED_OK;
	json_t *checks = json_array(), *report;

	for (size_t i = 0; i < r->verdict->n; i++)
		json_array_append_new(checks, result(&r->verdict->item[i]));
	report = tw_json_report(r->tool, tw_status_word(tw_verdict_status(r->verdict)));
	json_object_set_new(report, "summary", summary(r));
	json_object_set_new(report, "not_judged", unjudged(r->verdict));
	json_object_update_new(
	    report,
	    json_pack("{so so so so so so so so so}", "checks", checks, "pgbouncer_version",
	              known ? tw_json_name(f->sample.version) : json_null(), "listeners",
	              listeners(f), "pools", pools(f), "clients", count(known, f->sample.clients),
	              "max_client_conn", count(known, f->sample.max_client_conn), "postgres",
	              postgres(f), "process", process(f), "watched", watched(f)));
	return report;
}
