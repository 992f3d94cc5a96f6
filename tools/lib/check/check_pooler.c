/* SPDX-License-Identifier: ISC */
/* check_pooler.c: the console, the listening addresses, and the number of clients. */
#include "check.h"

#include <math.h>
#include <string.h>

/* console_user is as whom the console was asked. */
static const char *
console_user(const struct tw_check_input *in)
{
	const char *user = tw_pg_params_get(&in->asking->sampler.console, "user");

	return user != NULL ? user : "pgbouncer";
}

/* hung_judge says that the console gives no answer, and why as far as the kernel knows. */
static void
hung_judge(const struct tw_check_input *in, struct tw_result *r)
{
	const struct tw_process *p = &in->facts->host.process;
	double seconds = (double)in->asking->timeout / 1000;

	if (p->pid > 0 && p->descriptors_most > 0 && p->descriptors >= p->descriptors_most - 1) {
		tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_DESCRIPTORS);
		tw_result_say(
		    r,
		    "the console gives no answer within %.3g s: PgBouncer's process %d has "
		    "%ld of %ld file descriptors open",
		    seconds, (int)p->pid, p->descriptors, p->descriptors_most);
		return;
	}
	tw_result_raise(r, TW_STATUS_CRITICAL, TW_CAUSE_HANGS);
	if (p->pid > 0 && p->stopped)
		tw_result_say(r,
		              "the console gives no answer within %.3g s: it hangs: process %d is "
		              "stopped (kill -CONT %d)",
		              seconds, (int)p->pid, (int)p->pid);
	else
		/* Up to 1.19 the login of a user hangs who is not in the auth file. */
		tw_result_say(r, "the console gives no answer within %.3g s: it hangs%s", seconds,
		              strcmp(console_user(in), "pgbouncer") == 0
		                  ? ""
		                  : ", or its user is missing in the auth file");
}

bool
tw_check_console(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_answer *a = &in->facts->console;
	struct tw_result *r = tw_verdict_add(v, "console", e);

	if (r == NULL)
		return false;
	switch (a->how) {
	case TW_ASKED_OK:
		tw_result_say(r, "PgBouncer %s answers in %lld ms", in->facts->sample.version,
		              a->ms);
		break;
	case TW_ASKED_LATE:
		hung_judge(in, r);
		break;
	case TW_ASKED_REFUSED:
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_REFUSED);
		tw_result_say(r,
		              "the console refuses '%s': run as PgBouncer's OS user or as root, or "
		              "let this user in (stats_users, the hba file): %s",
		              console_user(in), a->e.msg);
		break;
	default:
		/* A PgBouncer that does not show what is needed is another than those we know. */
		tw_result_raise(r,
		                a->e.exit == EX_UNAVAILABLE && strstr(a->e.msg, "no column") == NULL
		                    ? TW_STATUS_CRITICAL
		                    : TW_STATUS_UNKNOWN,
		                strstr(a->e.msg, "SHOW ") != NULL ? TW_CAUSE_NO_CONSOLE
		                                                  : TW_CAUSE_GONE);
		tw_result_say(r, "%s", a->e.msg);
		break;
	}
	return true;
}

/* accept_judge judges one address. */
static void
accept_judge(const struct tw_accept *a, int port, struct tw_result *r)
{
	static const enum tw_cause causes[] = { [TW_ACCEPT_FOREIGN] = TW_CAUSE_PORT_FOREIGN,
		                                [TW_ACCEPT_LATE] = TW_CAUSE_PORT_LATE,
		                                [TW_ACCEPT_FAILED] = TW_CAUSE_PORT_CLOSED };
	bool v6 = strchr(a->address, ':') != NULL;
	char place[96];

	snprintf(place, sizeof(place), "%s%s%s:%d", v6 ? "[" : "", a->address, v6 ? "]" : "", port);
	switch (a->state) {
	case TW_ACCEPT_OURS:
		tw_result_say(r, "%s accepts", place);
		return;
	case TW_ACCEPT_SHARED:
		tw_result_say(r, "%s accepts (so_reuseport: by whichever process)", place);
		return;
	case TW_ACCEPT_FOREIGN:
		tw_result_say(r,
		              "port %d on %s belongs to another process: PgBouncer runs, and its "
		              "clients do not reach it",
		              port, a->address);
		break;
	case TW_ACCEPT_LATE:
		tw_result_say(r, "%s does not accept in time: its backlog is full, or it hangs",
		              place);
		break;
	case TW_ACCEPT_FAILED:
		tw_result_say(r, "nobody accepts at %s: %s", place, strerror(a->error));
		break;
	}
	tw_result_raise(r, TW_STATUS_CRITICAL, causes[a->state]);
}

/* listener_simple judges where there is no single address to judge; false where there is one. */
static bool
listener_simple(const struct tw_check_input *in, struct tw_result *r)
{
	const struct tw_facts *f = in->facts;

	if (tw_check_moot(in, r) || tw_check_late(&f->listener, r))
		return true;
	if (f->listener.how != TW_ASKED_OK) {
		tw_result_raise(
		    r, f->listener.how == TW_ASKED_LATE ? TW_STATUS_CRITICAL : TW_STATUS_UNKNOWN,
		    TW_CAUSE_PORT_LATE);
		tw_result_say(r, "%s", f->listener.e.msg);
	} else if (f->accepts.remote) {
		tw_result_say(r, "the console itself was reached over TCP on another host");
	} else if (f->accepts.n == 0) {
		tw_result_say(r, "no TCP: listen_addr is empty");
	} else {
		return false;
	}
	return true;
}

bool
tw_check_listener(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_accepts *a = &in->facts->accepts;
	struct tw_result *r = tw_verdict_add(v, "listener", e);

	if (r == NULL)
		return false;
	if (listener_simple(in, r))
		return true;
	accept_judge(&a->item[0], in->facts->sample.listen_port, r);
	for (size_t i = 1; i < a->n; i++) {
		r = tw_verdict_add(v, "listener", e);
		if (r == NULL)
			return false;
		accept_judge(&a->item[i], in->facts->sample.listen_port, r);
	}
	return true;
}

bool
tw_check_clients(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_sample *s = &in->facts->sample;
	struct tw_result *r = tw_verdict_add(v, "clients", e);
	bool moot;

	if (r == NULL)
		return false;
	moot = tw_check_moot(in, r);
	tw_result_measure(r, in->thresholds, TW_METRIC_CLIENTS, moot ? NAN : (double)s->clients,
	                  moot ? NAN : (double)s->max_client_conn);
	if (!moot)
		tw_result_say(r, "%ld of %ld clients", s->clients, s->max_client_conn);
	return true;
}
