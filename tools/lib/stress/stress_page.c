/* SPDX-License-Identifier: ISC */
/* stress_page.c: the report of a run as a page. It knows the JSON only. */
#include "page/page.h"
#include "stress_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the table before and after: what they are in each target of the report. */
static const struct row {
	const char *label, *key;
} rows[] = {
	{ "logins tried", "logins.attempted" },
	{ "logins that succeeded", "logins.succeeded" },
	{ "share of logins that succeeded", "logins.success" },
	{ "logins per second", "logins.per_second" },
	{ "transactions that succeeded", "transactions.succeeded" },
	{ "share of transactions that succeeded", "transactions.success" },
	{ "transactions per second", "transactions.per_second" },
	{ "latency p50, ms", "latency_ms.p50" },
	{ "latency p95, ms", "latency_ms.p95" },
	{ "latency p99, ms", "latency_ms.p99" },
	{ "latency p99.9, ms", "latency_ms.p99_9" },
	{ "latency at most, ms", "latency_ms.max" },
	{ "server connections at their peak", "server_connections.peak" },
	{ "bots still there at the end", "survivors" },
	{ "CPU of the pooler, cores", "pooler.cpu_cores" },
	{ "CPU of PostgreSQL, cores", "postgres.cpu_cores" },
	{ "CPU of the bots, cores", "client.cpu_cores" },
	{ "memory of a bot here, bytes", "client.pss_per_bot_bytes" },
};

/* Of the two targets: before is the second one of the report, where there is one. */
struct two {
	size_t n;
	char name[2][200], path[2][40];
};

/* two_find finds the columns, before first. */
static struct two
two_find(const struct tw_page *p)
{
	struct two t = { json_array_size(tw_page_at(p, "targets")), { "", "" }, { "", "" } };

	for (size_t i = 0; i < t.n && i < 2; i++) {
		size_t target = t.n - 1 - i;
		char path[64];
		const char *host, *port;

		snprintf(t.path[i], sizeof(t.path[i]), "targets.%zu", target);
		snprintf(path, sizeof(path), "targets.%zu.host", target);
		host = json_string_value(tw_page_at(p, path));
		snprintf(path, sizeof(path), "targets.%zu.port", target);
		port = json_string_value(tw_page_at(p, path));
		snprintf(path, sizeof(path), "targets.%zu.pooled", target);
		snprintf(t.name[i], sizeof(t.name[i]), "%s, %.80s:%.20s",
		         json_is_true(tw_page_at(p, path)) ? "pooled" : "direct", host ? host : "socket",
		         port ? port : "5432");
	}
	return t;
}

/* figure_at appends the figure at PREFIX.KEY. */
static void
figure_at(struct tw_page *p, const char *prefix, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.%s", prefix, key);
	tw_page_figure(p, path);
}

/* table_put is the table before and after. */
static void
table_put(struct tw_page *p, const struct two *t)
{
	tw_page_put(p, "<h2>%s</h2>\n<table>\n<caption>Of several rounds: sums of counts, the highest "
	               "peak, else the median.</caption>\n<thead><tr><th scope=\"col\"></th>",
	            t->n > 1 ? "Before and after" : "Figures");
	for (size_t i = 0; i < t->n; i++) {
		tw_page_put(p, "<th scope=\"col\">");
		tw_page_text(p, t->name[i]);
		tw_page_put(p, "</th>");
	}
	tw_page_put(p, "</tr></thead>\n<tbody>\n");
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		tw_page_put(p, "<tr><th scope=\"row\">%s</th>", rows[r].label);
		for (size_t i = 0; i < t->n; i++) {
			tw_page_put(p, "<td>");
			figure_at(p, t->path[i], rows[r].key);
			tw_page_put(p, "</td>");
		}
		tw_page_put(p, "</tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
}

/* promises_put is the verdict. */
static void
promises_put(struct tw_page *p)
{
	size_t n = json_array_size(tw_page_at(p, "promises"));

	if (n == 0)
		return;
	tw_page_put(p, "<h2>The promises</h2>\n<table>\n<thead><tr><th scope=\"col\">promise</th>"
	               "<th scope=\"col\">needed</th><th scope=\"col\">before</th>"
	               "<th scope=\"col\">measured</th><th scope=\"col\">spread</th>"
	               "<th scope=\"col\">result</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < n; i++) {
		char at[40], path[64];
		const char *result;

		snprintf(at, sizeof(at), "promises.%zu", i);
		snprintf(path, sizeof(path), "%s.result", at);
		result = json_string_value(tw_page_at(p, path));
		tw_page_put(p, "<tr><th scope=\"row\">");
		figure_at(p, at, "what");
		tw_page_put(p, "</th><td>");
		figure_at(p, at, "needed");
		tw_page_put(p, " ");
		figure_at(p, at, "limit");
		tw_page_put(p, " ");
		figure_at(p, at, "unit");
		tw_page_put(p, "</td><td>");
		figure_at(p, at, "before");
		tw_page_put(p, "</td><td>");
		figure_at(p, at, "value");
		tw_page_put(p, "</td><td>");
		figure_at(p, at, "min");
		tw_page_put(p, " to ");
		figure_at(p, at, "max");
		tw_page_put(p, "</td><td><span class=\"%s\">%s</span>, ", result ? result : "",
		            result == NULL                      ? ""
		            : strcmp(result, "met") == 0        ? "met"
		            : strcmp(result, "not_met") == 0    ? "not met"
		                                                : "not measured");
		figure_at(p, at, "confidence");
		tw_page_put(p, "</td></tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
}

/* causes_put says what held the run back. */
static void
causes_put(struct tw_page *p)
{
	size_t n = json_array_size(tw_page_at(p, "bottlenecks"));

	tw_page_put(p, "<h2>What held it back</h2>\n");
	if (n == 0)
		tw_page_put(p, "<p>Nothing was found: the bots themselves set the pace.</p>\n");
	else
		tw_page_put(p, "<ol>\n");
	for (size_t i = 0; i < n; i++) {
		char at[40];

		snprintf(at, sizeof(at), "bottlenecks.%zu", i);
		tw_page_put(p, "<li><strong>");
		figure_at(p, at, "what");
		tw_page_put(p, "</strong> (");
		figure_at(p, at, "name");
		tw_page_put(p, "): ");
		figure_at(p, at, "evidence");
		tw_page_put(p, ". Moved by: ");
		figure_at(p, at, "setting");
		tw_page_put(p, ".</li>\n");
	}
	if (n > 0)
		tw_page_put(p, "</ol>\n");
}

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
drawn_add(struct tw_page *p, struct drawn *d, size_t i, const struct two *t, size_t n)
{
	if (d->x[i] == NULL || d->y[i] == NULL) {
		p->ok = p->ok && tw_fail(p->e, EX_OSERR, "out of memory");
		n = 0;
	}
	d->series[i] = (struct tw_series){ t->name[i], i + 1 == t->n ? 0 : 1, n, d->x[i], d->y[i] };
}

/* latencies_put draws the distributions: the share of transactions that took at most so long. */
static void
latencies_put(struct tw_page *p, const struct two *t)
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
	tw_page_lines(p, "Latency of transactions, cumulated",
	              "The share of transactions (per cent) that took at most so many milliseconds; "
	              "the percentiles are in the table above.",
	              "ms", "per cent", d.series, t->n, true, NAN);
	drawn_free(&d);
}

/* connections_put draws server connections over time. */
static void
connections_put(struct tw_page *p, const struct two *t)
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
		tw_page_put(p, ": at most ");
		figure_at(p, t->path[i], "server_connections.peak");
		tw_page_put(p, ".</p>\n");
	}
	tw_page_lines(p, "Server connections over time, in the last round",
	              "Connections at PostgreSQL in the last round, from its first second to its last.",
	              "s", "connections", d.series, t->n, false, NAN);
	drawn_free(&d);
}

/* sweep_put draws the success of logins over the number of bots. */
static void
sweep_put(struct tw_page *p, const struct two *t)
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
		tw_page_put(p, "<tr><th scope=\"row\">");
		figure_at(p, at, "bots");
		tw_page_put(p, "</th>");
		for (size_t i = 0; i < t->n; i++) {
			bool dsn = i + 1 == t->n;

			tw_page_put(p, "<td>");
			figure_at(p, at, dsn ? "dsn_success" : "versus_success");
			tw_page_put(p, "</td><td>");
			figure_at(p, at, dsn ? "dsn_peak" : "versus_peak");
			tw_page_put(p, "</td>");
		}
		tw_page_put(p, "</tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
	tw_page_lines(p, "Logins that succeed, over the number of bots",
	              "Per cent of the logins that succeed, as in the table above.", "bots",
	              "per cent", d.series, t->n, false, NAN);
	drawn_free(&d);
}

/* memory_put compares a connection's memory. */
static void
memory_put(struct tw_page *p, const struct two *t)
{
	char backend[96], client[96];
	const struct tw_bar bars[] = { { "a backend of PostgreSQL", backend, 1 },
		                       { "a client of the pooler", client, 0 } };

	snprintf(backend, sizeof(backend), "%s.postgres.pss_per_backend_bytes", t->path[0]);
	snprintf(client, sizeof(client), "%s.pooler.pss_per_client_bytes", t->path[t->n - 1]);
	tw_page_put(p, "<h2>Memory of a connection</h2>\n");
	tw_page_bars(p, "Memory of a connection in bytes", "bytes (proportional set size)", bars, 2);
}

/* overhead_put says what the pooler adds to one query. */
static void
overhead_put(struct tw_page *p)
{
	if (!json_is_object(tw_page_at(p, "comparison")))
		return;
	tw_page_put(p, "<h2>Added latency</h2>\n<p>One client, ");
	tw_page_figure(p, "comparison.pairs");
	tw_page_put(p, " queries here and there by turns: p50 ");
	tw_page_figure(p, "comparison.versus_p50_ms");
	tw_page_put(p, " ms before, ");
	tw_page_figure(p, "comparison.dsn_p50_ms");
	tw_page_put(p, " ms after: the pooler adds ");
	tw_page_figure(p, "comparison.overhead_ms");
	tw_page_put(p, " ms (in ten blocks from ");
	tw_page_figure(p, "comparison.block_overhead_ms.min");
	tw_page_put(p, " to ");
	tw_page_figure(p, "comparison.block_overhead_ms.max");
	tw_page_put(p, ").</p>\n");
}

bool
tw_stress_page(const json_t *report, struct tw_buf *out, struct tw_err *e)
{
	struct tw_page p = { report, out, e, true };
	struct two t = two_find(&p);

	tw_page_begin(&p, "twpool-stress");
	tw_page_put(&p, "<p><span data-json=\"status\">%s</span>, ",
	            json_string_value(tw_page_at(&p, "status")));
	tw_page_figure(&p, "time");
	tw_page_put(&p, ". ");
	tw_page_figure(&p, "bots");
	tw_page_put(&p, " bots, each for ");
	tw_page_figure(&p, "duration_seconds");
	tw_page_put(&p, " s, thinking for ");
	tw_page_figure(&p, "think_seconds");
	tw_page_put(&p, " s on average between its transactions.</p>\n");
	promises_put(&p);
	table_put(&p, &t);
	causes_put(&p);
	sweep_put(&p, &t);
	if (t.n > 0) {
		latencies_put(&p, &t);
		connections_put(&p, &t);
		memory_put(&p, &t);
	}
	overhead_put(&p);
	tw_page_end(&p);
	return p.ok;
}
