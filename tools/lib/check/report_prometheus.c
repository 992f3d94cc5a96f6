/* SPDX-License-Identifier: ISC */
/*
 * report_prometheus.c: the exporter's metrics, and under twpool_ what it does not have. No counter
 * is subtracted here and no time put to a sample: that is for whoever scrapes.
 */
#include "report.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* gauge appends a family with one sample and no label. */
static bool
gauge(struct tw_exposition *x, const char *name, const char *help, double value, struct tw_err *e)
{
	tw_family(x, name, "gauge", help);
	return tw_point(x, NULL, value, e);
}

/* state_worst is the worst status of a check's results, from the i-th on. */
static enum tw_status
state_worst(const struct tw_verdict *v, size_t i)
{
	enum tw_status worst = TW_STATUS_OK;
	const char *check = v->item[i].check;

	for (; i < v->n; i++) {
		if (strcmp(v->item[i].check, check) == 0)
			worst = tw_status_worse(worst, v->item[i].status);
	}
	return worst;
}

/* states_add appends the verdict, as a plugin's codes. */
static bool
states_add(struct tw_exposition *x, const struct tw_verdict *v, struct tw_err *e)
{
	bool ok = gauge(x, "twpool_check_status",
	                "The verdict: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
	                (double)tw_verdict_status(v), e);

	tw_family(x, "twpool_check_state", "gauge",
	          "The verdict of each check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.");
	for (size_t i = 0; ok && i < v->n; i++) {
		const struct tw_label labels[] = { { "check", v->item[i].check }, { 0 } };
		size_t before = 0;

		while (before < i && strcmp(v->item[before].check, v->item[i].check) != 0)
			before++;
		if (before == i)
			ok = tw_point(x, labels, (double)state_worst(v, i), e);
	}
	tw_family(x, "twpool_check_not_judged", "gauge",
	          "1 for each check that was left out for want of rights or of somebody to ask.");
	for (size_t i = 0; ok && i < v->unjudged_n; i++) {
		const struct tw_label labels[] = { { "check", v->unjudged[i].check }, { 0 } };

		ok = tw_point(x, labels, 1, e);
	}
	return ok;
}

/* time_add appends when this was, without which nobody notices that cron is dead. */
static bool
time_add(struct tw_exposition *x, struct tw_err *e)
{
	return gauge(x, "twpool_check_last_run_timestamp_seconds", "When this was measured.",
	             (double)time(NULL), e);
}

/* listeners_add appends which addresses take connections. */
static bool
listeners_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	bool ok = true;

	tw_family(x, "twpool_listener_accepts", "gauge",
	          "1 where an address of listen_addr takes connections for this PgBouncer.");
	for (size_t i = 0; ok && f->listener.how == TW_ASKED_OK && i < f->accepts.n; i++) {
		const struct tw_accept *a = &f->accepts.item[i];
		const struct tw_label labels[] = { { "address", a->address }, { 0 } };

		ok = tw_point(x, labels, a->state == TW_ACCEPT_OURS || a->state == TW_ACCEPT_SHARED,
		              e);
	}
	return ok;
}

/* pools_add appends the limit of each pool, and whether it is frozen. */
static bool
pools_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	bool ok = true;

	tw_family(x, "twpool_pool_server_connections_limit", "gauge",
	          "Server connections of a pool at most, reserve included.");
	for (size_t i = 0; ok && i < f->sample.pools.n; i++) {
		const struct tw_pool *p = &f->sample.pools.item[i];
		const struct tw_label labels[] = { { "database", p->database },
			                           { "user", p->user },
			                           { 0 } };

		ok = tw_point(x, labels, p->limit > 0 ? (double)p->limit : NAN, e);
	}
	tw_family(x, "twpool_pool_frozen", "gauge",
	          "1 where all server connections are held, clients wait, and nothing happens.");
	for (size_t i = 0; ok && f->sample.postgres && i < f->freeze.n; i++) {
		const struct tw_flow_state *p = &f->freeze.pool[i];
		const struct tw_label labels[] = { { "database", p->database },
			                           { "user", p->user },
			                           { 0 } };

		ok = p->flow == TW_FLOW_UNKNOWN ||
		     tw_point(x, labels, p->flow == TW_FLOW_FROZEN, e);
	}
	return ok;
}

/* postgres_add appends PostgreSQL's connections. */
static bool
postgres_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	const struct tw_sample *s = &f->sample;
	double direct = f->console.how == TW_ASKED_OK ? (double)s->direct : NAN;

	return !s->postgres ||
	       (gauge(x, "twpool_postgres_connections", "Client backends of PostgreSQL.",
	              (double)s->connections, e) &&
	        gauge(x, "twpool_postgres_max_connections", "PostgreSQL's max_connections.",
	              (double)s->max_connections, e) &&
	        gauge(x, "twpool_postgres_direct_connections",
	              "Client backends of the pools' roles that come past the pooler.", direct, e));
}

/* logins_add appends how long each login and its transaction took. */
static bool
logins_add(struct tw_exposition *x, const struct tw_asking *a, struct tw_err *e)
{
	bool ok = true;

	tw_family(x, "twpool_login_seconds", "gauge",
	          "What a login and one transaction through the pooler took.");
	for (size_t i = 0; ok && i < a->clients; i++) {
		const struct tw_client *c = &a->client[i];
		const struct tw_label labels[] = { { "database", c->database },
			                           { "user", c->user },
			                           { 0 } };

		ok = c->answer.how != TW_ASKED_OK || tw_point(x, labels, c->login.ms / 1000, e);
	}
	return ok;
}

/* process_add appends what the pooler's process uses, and how much it may. */
static bool
process_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	const struct tw_process *p = &f->host.process;
	bool estimated;
	double open;

	if (f->console.how != TW_ASKED_OK || p->pid == 0)
		return true;
	open = (double)tw_process_descriptors(p, &f->sample, &estimated);
	return gauge(x, "twpool_pooler_open_fds", "File descriptors of PgBouncer's process.", open,
	             e) &&
	       gauge(x, "twpool_pooler_max_fds", "The limit of them.",
	             p->descriptors_most > 0 ? (double)p->descriptors_most : NAN, e) &&
	       gauge(x, "twpool_pooler_resident_memory_bytes", "Its resident memory.",
	             p->memory_bytes >= 0 ? (double)p->memory_bytes : NAN, e) &&
	       gauge(x, "twpool_pooler_max_memory_bytes",
	             "The lowest limit of it: of its cgroups, its own, or the machine's memory.",
	             p->memory_most_bytes > 0 ? (double)p->memory_most_bytes : NAN, e) &&
	       gauge(x, "twpool_pooler_start_time_seconds", "When it was started.",
	             p->started > 0 ? (double)p->started : NAN, e) &&
	       gauge(x, "twpool_pooler_program_replaced",
	             "1 where another program lies on the disk than the one that runs.",
	             *p->program != '\0' ? p->replaced : NAN, e);
}

/* host_add appends certificates and advisories. */
static bool
host_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	const struct tw_host *h = &f->host;
	bool ok = true;

	tw_family(x, "twpool_certificate_expiry_timestamp_seconds", "gauge",
	          "When the certificates of a setting's file end.");
	for (size_t i = 0; ok && i < h->certificates; i++) {
		const struct tw_label labels[] = { { "setting", h->certificate[i].key }, { 0 } };

		ok = h->certificate[i].e.exit != 0 ||
		     tw_point(x, labels, (double)h->certificate[i].until, e);
	}
	return ok && gauge(x, "twpool_pooler_advisories",
	                   "Security advisories of upstream for this version; packages may be "
	                   "mended.",
	                   h->advised ? (double)h->advisories.n : NAN, e);
}

/* site_add appends what is held against the site. */
static bool
site_add(struct tw_exposition *x, const struct tw_facts *f, struct tw_err *e)
{
	bool config = f->config.how == TW_ASKED_OK, direct = f->stragglers.how == TW_ASKED_OK;
	bool secrets = f->secrets.how == TW_ASKED_OK;

	return gauge(x, "twpool_config_differences",
	             "Settings in which the running pooler differs from the site.",
	             config ? (double)f->differs.n : NAN, e) &&
	       gauge(x, "twpool_stragglers", "The site's clients that come past the pooler.",
	             direct ? (double)f->direct.two.n : NAN, e) &&
	       gauge(x, "twpool_secret_differences",
	             "Secrets of the auth file that PostgreSQL has otherwise.",
	             secrets ? (double)f->drift.differ : NAN, e);
}

bool
tw_report_prometheus(const struct tw_report *r, struct tw_buf *out, struct tw_err *e)
{
	struct tw_exposition x = { .out = out, .always = { "pooler", r->instance } };
	const struct tw_facts *f = r->facts;
	bool up = f->console.how == TW_ASKED_OK;

	return (!r->asking->console ||
	        tw_exporter_add(&x, &f->sample, up, r->asking->sampler.only_n > 0, r->dialect,
	                        e)) &&
	       states_add(&x, r->verdict, e) && time_add(&x, e) && listeners_add(&x, f, e) &&
	       pools_add(&x, f, e) && postgres_add(&x, f, e) && logins_add(&x, r->asking, e) &&
	       process_add(&x, f, e) && host_add(&x, f, e) && site_add(&x, f, e);
}

bool
tw_report_prometheus_error(const struct tw_err *error, const char *instance, struct tw_buf *out,
                           struct tw_err *e)
{
	struct tw_exposition x = { .out = out, .always = { "pooler", instance } };
	struct tw_err line = *error;

	line.hint[0] = '\0'; /* a comment is one line */
	return tw_buf_puts(out, "# ", e) && tw_report_nagios_error(&line, out, e) &&
	       gauge(&x, "twpool_check_status",
	             "The verdict: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", TW_STATUS_UNKNOWN,
	             e) &&
	       time_add(&x, e);
}
