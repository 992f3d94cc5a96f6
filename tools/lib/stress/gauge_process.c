/* SPDX-License-Identifier: ISC */
/* gauge_process.c: /proc, for the processes that our own sockets lead to. */
#include "cost.h"
#include "gauge_process.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* So many backends are looked at: each costs a millisecond. */
#define BACKENDS 32

/*
 * socket_peer is who listened at the other end of a Unix socket (SO_PEERCRED, unix(7)): PgBouncer
 * itself, and PostgreSQL's postmaster. 0 for any other connection.
 */
static pid_t
socket_peer(const PGconn *conn)
{
	struct sockaddr_storage address;
	struct ucred peer = { 0 };
	socklen_t n = sizeof(address), m = sizeof(peer);

	if (conn == NULL || getpeername(PQsocket(conn), (struct sockaddr *)&address, &n) != 0 ||
	    address.ss_family != AF_UNIX ||
	    getsockopt(PQsocket(conn), SOL_SOCKET, SO_PEERCRED, &peer, &m) != 0)
		return 0;
	return peer.pid;
}

void
tw_gauge_find(struct tw_gauge *g)
{
	g->pooler_pid = socket_peer(g->sampler->console_conn);
	g->postgres_pid = socket_peer(g->sampler->postgres_conn);
}

/* descriptors_count counts the open descriptors of a process; -1 where they may not be read. */
static long
descriptors_count(pid_t pid)
{
	char path[64];
	DIR *d;
	long n = -2; /* "." and ".." */

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* descriptors_limit is a process's soft limit; -1. */
static long
descriptors_limit(pid_t pid)
{
	char path[64], line[256];
	long limit = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && limit < 0 && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Max open files %ld", &limit);
	if (f != NULL)
		fclose(f);
	return limit;
}

/* backends_pss is the memory of a backend, on average over some of those that the bots use. */
static double
backends_pss(const struct tw_gauge *g, const struct tw_sample *s)
{
	double sum = 0, one;
	int n = 0;

	for (size_t i = 0; i < s->servers.n && n < BACKENDS; i++) {
		one = tw_cost_parent((pid_t)s->servers.item[i].pid) == g->postgres_pid
		          ? tw_cost_pss((pid_t)s->servers.item[i].pid)
		          : NAN;
		sum += isnan(one) ? 0 : one;
		n += !isnan(one);
	}
	for (size_t i = 0; s->servers.n == 0 && i < s->outside.n && n < BACKENDS; i++) {
		const struct tw_backend *b = &s->outside.item[i];

		if (strcmp(b->role, g->sampler->role) != 0 ||
		    tw_cost_parent((pid_t)b->pid) != g->postgres_pid)
			continue;
		one = tw_cost_pss((pid_t)b->pid);
		sum += isnan(one) ? 0 : one;
		n += !isnan(one);
	}
	return n > 0 ? sum / n : NAN;
}

void
tw_gauge_processes(struct tw_gauge *g, const struct tw_sample *s)
{
	long descriptors;

	if (g->pooler_pid == 0 || g->postgres_pid == 0)
		tw_gauge_find(g);
	/* Thousands of names take milliseconds: once a second. */
	if (g->pooler_pid > 0 && g->samples % 5 == 1) {
		descriptors = descriptors_count(g->pooler_pid);
		if (descriptors > g->descriptors)
			g->descriptors = descriptors;
		g->descriptors_limit = descriptors_limit(g->pooler_pid);
	}
	if (g->memory_done || !atomic_load(&g->playing))
		return;
	g->memory_done = true;
	g->pooler_clients = s->clients;
	g->pooler_pss = g->pooler_pid > 0 ? tw_cost_pss(g->pooler_pid) : NAN;
	g->backend_pss = g->postgres_pid > 0 ? backends_pss(g, s) : NAN;
}
