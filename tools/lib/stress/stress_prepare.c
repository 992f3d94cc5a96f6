/* SPDX-License-Identifier: ISC */
/* stress_prepare.c: before the first round: who can be asked, how many bots there can be. */
#include "stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define ASK_TIMEOUT 5000   /* ms, for the first questions to console and PostgreSQL */
#define SPARE_CLIENTS 2    /* that we leave to others: a console, an operator */
#define OWN_DESCRIPTORS 64 /* besides the bots' */

/* port_of is the port that parameters name, 0 where they leave it to others. */
static int
port_of(const struct tw_pg_params *p)
{
	const char *port = tw_pg_params_get(p, "port");

	if (port != NULL && *port != '\0')
		return (int)strtol(port, NULL, 10);
	return tw_pg_params_get(p, "service") != NULL ? 0 : 5432;
}

bool
tw_stress_watched(const struct tw_stress *s, const struct tw_target *t)
{
	int port = port_of(&t->params);

	return s->listen_port != 0 && (port == 0 || port == s->listen_port);
}

/* bots_cap lowers the number of bots to what the pooler takes. */
static bool
bots_cap(struct tw_stress *s, const struct tw_sample *sample, struct tw_err *e)
{
	long left = sample->max_client_conn - sample->clients - SPARE_CLIENTS;

	if (!tw_stress_watched(s, &s->target[TW_DSN]) || s->swarm.bots <= left)
		return true;
	if (left >= 1) {
		s->swarm.bots = left;
		return true;
	}
	tw_fail(e, EX_TEMPFAIL,
	        "no client is free at the pooler: max_client_conn is %ld, %ld are in use",
	        sample->max_client_conn, sample->clients);
	return tw_hint(e, "wait until clients have left, or raise max_client_conn.");
}

/* descriptors_raise makes room for a descriptor for each bot. */
static bool
descriptors_raise(long bots, struct tw_err *e)
{
	rlim_t need = (rlim_t)bots + OWN_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return tw_fail_errno(e, EX_OSERR, "getrlimit");
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
		return true;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < need) {
		tw_fail(e, EX_OSERR, "%ld bots need %llu descriptors, and the limit is %llu", bots,
		        (unsigned long long)need, (unsigned long long)limit.rlim_max);
		return tw_hint(e, "raise it (ulimit -Hn), or ask for fewer bots.");
	}
	limit.rlim_cur = need;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 || tw_fail_errno(e, EX_OSERR, "setrlimit");
}

bool
tw_stress_prepare(struct tw_stress *s, struct tw_err *e)
{
	struct tw_sample sample = TW_SAMPLE_INIT;
	const char *user = tw_pg_params_get(&s->target[TW_DSN].params, "user");
	long most = 0;
	bool ok = true;

	snprintf(s->sampler.role, sizeof(s->sampler.role), "%s", user != NULL ? user : "");
	s->swarm.bots = s->bots_asked;
	if (s->sampler.console.n > 0 && s->bots_asked > 0) {
		ok = tw_sample_console(&s->sampler, tw_pg_now() + ASK_TIMEOUT, &sample, e) &&
		     (s->sampler.postgres.n == 0 ||
		      tw_sample_postgres(&s->sampler, tw_pg_now() + ASK_TIMEOUT, &sample, e));
		s->listen_port = sample.listen_port;
		ok = ok && bots_cap(s, &sample, e);
	}
	tw_sample_free(&sample);
	for (size_t i = 0; i < s->sweep_n; i++)
		most = s->sweep[i].bots > most ? s->sweep[i].bots : most;
	most = s->swarm.bots > most ? s->swarm.bots : most;
	return ok && descriptors_raise(most, e);
}
