/* SPDX-License-Identifier: ISC */
/* stress_page.c: the report of a run as a page. It knows the JSON only. */
#include "page_parts.h"
#include "stress_report.h"

#include <stdio.h>
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

/* two_find finds the columns, before first. */
static struct tw_page_two
two_find(const struct tw_page *p)
{
	struct tw_page_two t = { json_array_size(tw_page_at(p, "targets")),
		                 { "", "" },
		                 { "", "" } };

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
		         json_is_true(tw_page_at(p, path)) ? "pooled" : "direct",
		         host ? host : "socket", port ? port : "5432");
	}
	return t;
}

/* table_put is the table before and after. */
static void
table_put(struct tw_page *p, const struct tw_page_two *t)
{
	tw_page_put(p,
	            "<h2>%s</h2>\n<table>\n<caption>Of several rounds: sums of counts, the highest "
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
			char path[128];

			snprintf(path, sizeof(path), "%s.%s", t->path[i], rows[r].key);
			tw_page_put(p, "<td>");
			tw_page_figure(p, path);
			tw_page_put(p, "</td>");
		}
		tw_page_put(p, "</tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
}

/* result_text is the result of a promise in words. */
static const char *
result_text(const char *result)
{
	return strcmp(result, "met") == 0       ? "met"
	       : strcmp(result, "not_met") == 0 ? "not met"
	                                        : "not measured";
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
		tw_page_fill(p, at,
		             "<tr><th scope=\"row\">{what}</th><td>{needed} {limit} {unit}</td>"
		             "<td>{before}</td><td>{value}</td><td>{min} to {max}</td><td>");
		if (result != NULL)
			tw_page_put(p, "<span class=\"%s\">%s</span>, ", result,
			            result_text(result));
		tw_page_fill(p, at, "{confidence}</td></tr>\n");
	}
	tw_page_put(p, "</tbody>\n</table>\n");
}

/* causes_put says what held the run back. */
static void
causes_put(struct tw_page *p)
{
	size_t n = json_array_size(tw_page_at(p, "bottlenecks"));

	tw_page_put(p, "<h2>What held it back</h2>\n%s",
	            n > 0 ? "<ol>\n"
	                  : "<p>Nothing was found: the bots themselves set the pace.</p>\n");
	for (size_t i = 0; i < n; i++) {
		char at[40];

		snprintf(at, sizeof(at), "bottlenecks.%zu", i);
		tw_page_fill(p, at,
		             "<li><strong>{what}</strong> ({name}): {evidence}. Moved by: "
		             "{setting}.</li>\n");
	}
	if (n > 0)
		tw_page_put(p, "</ol>\n");
}

/* overhead_put says what the pooler adds to one query. */
static void
overhead_put(struct tw_page *p)
{
	if (!json_is_object(tw_page_at(p, "comparison")))
		return;
	tw_page_fill(
	    p, "comparison",
	    "<h2>Added latency</h2>\n<p>One client, {pairs} queries here and there by turns: "
	    "p50 {versus_p50_ms} ms before, {dsn_p50_ms} ms after: the pooler adds "
	    "{overhead_ms} ms (in ten blocks from {block_overhead_ms.min} to "
	    "{block_overhead_ms.max}).</p>\n");
}

bool
tw_stress_page(const json_t *report, struct tw_buf *out, struct tw_err *e)
{
	struct tw_page p = { report, out, e, true };
	struct tw_page_two t = two_find(&p);

	tw_page_begin(&p, "twpool-stress");
	tw_page_fill(
	    &p, "",
	    "<p>{status}, {time}. {bots} bots, each for {duration_seconds} s, thinking for "
	    "{think_seconds} s on average between its transactions.</p>\n");
	promises_put(&p);
	table_put(&p, &t);
	causes_put(&p);
	tw_page_sweep(&p, &t);
	if (t.n > 0) {
		tw_page_latencies(&p, &t);
		tw_page_connections(&p, &t);
		tw_page_memory(&p, &t);
	}
	overhead_put(&p);
	if (json_is_object(tw_page_at(&p, "tune"))) {
		tw_page_fill(
		    &p, "tune",
		    "<h2>The size of the pool</h2>\n<p>By twpool-size --tune, {time}.</p>\n");
		tw_page_curve(&p);
	}
	tw_page_end(&p);
	return p.ok;
}
