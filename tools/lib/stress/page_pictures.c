/* SPDX-License-Identifier: ISC */
/* page_pictures.c: what twpool-stress measured, as pictures beside their figures. */
#include "page_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* numbers_read allocates one number of each entry of a list; NULL without memory. */
static double *
numbers_read(const json_t *list, const char *key, size_t index)
{
	size_t n = json_array_size(list);
	double *x = calloc(n + 1, sizeof(*x));

	for (size_t i = 0; x != NULL && i < n; i++) {
		const json_t *one = json_array_get(list, i);

		one = key != NULL ? json_object_get(one, key) : json_array_get(one, index);
		x[i] = json_is_number(one) ? json_number_value(one) : NAN;
	}
	return x;
}

/* Two series, and what was allocated for them. */
struct drawn {
	struct tw_series series[2];
	double *x[2], *y[2];
};

/* drawn_free frees. */
static void
drawn_free(struct drawn *d)
{
	for (int i = 0; i < 2; i++) {
		free(d->x[i]);
		free(d->y[i]);
	}
}

/* drawn_add takes numbers over as one series; its face is that of the pooled one, 0, or 1. */
static void
drawn_add(struct tw_page *p, struct drawn *d, size_t i, const struct tw_page_two *t, size_t n)
{
	if (d->x[i] == NULL || d->y[i] == NULL) {
		p->ok = p->ok && tw_fail(p->e, EX_OSERR, "out of memory");
		n = 0;
	}
	d->series[i] = (struct tw_series){ t->name[i], i + 1 == t->n ? 0 : 1, n, d->x[i], d->y[i] };
}

void
tw_page_latencies(struct tw_page *p, const struct tw_page_two *t)
{
	struct drawn d = { 0 };
	char path[64];

	for (size_t i = 0; i < t->n; i++) {
		const json_t *list;
		double sum = 0, all = 0;
		size_t n;

		snprintf(path, sizeof(path), "%s.latency_histogram", t->path[i]);
		list = tw_page_at(p, path);
		n = json_array_size(list);
		d.x[i] = numbers_read(list, NULL, 1);
		d.y[i] = numbers_read(list, NULL, 2);
		for (size_t j = 0; d.y[i] != NULL && j < n; j++)
			all += d.y[i][j];
		for (size_t j = 0; d.y[i] != NULL && j < n; j++) {
			sum += d.y[i][j];
			d.y[i][j] = 100 * sum / all;
		}
		drawn_add(p, &d, i, t, n);
	}
	tw_page_put(p, "<h2>Latency of transactions</h2>\n");
	tw_page_lines(
	    p, "Latency of transactions, cumulated",
	    "The share of transactions (per cent) that took at most so many milliseconds; "
	    "the percentiles are in the table above.",
	    "ms", "per cent", d.series, t->n, true, NAN);
	drawn_free(&d);
}

void
tw_page_connections(struct tw_page *p, const struct tw_page_two *t)
{
	struct drawn d = { 0 };
	char path[64];

	for (size_t i = 0; i < t->n; i++) {
		const json_t *list;
		bool pooled;

		snprintf(path, sizeof(path), "%s.pooled", t->path[i]);
		pooled = json_is_true(tw_page_at(p, path));
		snprintf(path, sizeof(path), "%s.samples", t->path[i]);
		list = tw_page_at(p, path);
		d.x[i] = numbers_read(list, "seconds", 0);
		d.y[i] = numbers_read(list, pooled ? "pooled" : "direct", 0);
		drawn_add(p, &d, i, t, json_array_size(list));
	}
	tw_page_put(p, "<h2>Server connections over time</h2>\n");
	for (size_t i = 0; i < t->n; i++) {
		tw_page_put(p, "<p>");
		tw_page_text(p, t->name[i]);
		tw_page_fill(p, t->path[i], ": at most {server_connections.peak}.</p>\n");
	}
	tw_page_lines(
	    p, "Server connections over time, in the last round",
	    "Connections at PostgreSQL in the last round, from its first second to its last.", "s",
	    "connections", d.series, t->n, false, NAN);
	drawn_free(&d);
}

void
tw_page_sweep(struct tw_page *p, const struct tw_page_two *t)
{
	const json_t *list = tw_page_at(p, "sweep");
	size_t n = json_array_size(list);
	struct drawn d = { 0 };

	if (n == 0)
		return;
	tw_page_put(p, "<h2>Success over the number of bots</h2>\n<table>\n<thead><tr>"
	               "<th scope=\"col\">bots</th>");
	for (size_t i = 0; i < t->n; i++) {
		d.x[i] = numbers_read(list, "bots", 0);
		d.y[i] = numbers_read(list, i + 1 == t->n ? "dsn_success" : "versus_success", 0);
		for (size_t j = 0; d.y[i] != NULL && j < n; j++)
			d.y[i][j] *= 100;
		drawn_add(p, &d, i, t, n);
		tw_page_put(p, "<th scope=\"col\">");
		tw_page_text(p, t->name[i]);
		tw_page_put(p, ": success</th><th scope=\"col\">server connections</th>");
	}
	tw_page_put(p, "</tr></thead>\n<tbody>\n");
	for (size_t j = 0; j < n; j++) {
		char at[40];

		snprintf(at, sizeof(at), "sweep.%zu", j);
		tw_page_fill(p, at, "<tr><th scope=\"row\">{bots}</th>");
		for (size_t i = 0; i < t->n; i++)
			tw_page_fill(p, at,
			             i + 1 == t->n
			                 ? "<td>{dsn_success}</td><td>{dsn_peak}</td>"
			                 : "<td>{versus_success}</td><td>{versus_peak}</td>");
		tw_page_put(p, "</tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
	tw_page_lines(p, "Logins that succeed, over the number of bots",
	              "Per cent of the logins that succeed, as in the table above.", "bots",
	              "per cent", d.series, t->n, false, NAN);
	drawn_free(&d);
}

void
tw_page_memory(struct tw_page *p, const struct tw_page_two *t)
{
	char backend[96], client[96];
	const struct tw_bar bars[] = { { "a backend of PostgreSQL", backend, 1 },
		                       { "a client of the pooler", client, 0 } };

	snprintf(backend, sizeof(backend), "%s.postgres.pss_per_backend_bytes", t->path[0]);
	snprintf(client, sizeof(client), "%s.pooler.pss_per_client_bytes", t->path[t->n - 1]);
	tw_page_put(p, "<h2>Memory of a connection</h2>\n");
	tw_page_bars(p, "Memory of a connection in bytes", "bytes (proportional set size)", bars,
	             2);
}
