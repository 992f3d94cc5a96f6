/* SPDX-License-Identifier: ISC */
/* merge.c: plugin lines and JSON of several instances. Metrics: merge_metrics.c. */
#include "merge.h"

#include <ctype.h>
#include <string.h>

/* As in report_nagios.c: the text is cut between two instances. */
#define TEXT_MOST 600

enum tw_status
tw_merge_status(const struct tw_merge *list, size_t n)
{
	enum tw_status worst = n > 0 ? TW_STATUS_OK : TW_STATUS_UNKNOWN;

	for (size_t i = 0; i < n; i++)
		worst = tw_status_worse(worst, list[i].status);
	return worst;
}

/* A plugin's report: "TWPOOL STATUS: text | values", and further lines. */
struct plugin {
	const char *text, *values, *rest; /* borrowed; values "" where there are none */
	size_t text_n, values_n;
};

/* plugin_split takes a report apart; names in it hold no "|". */
static struct plugin
plugin_split(const char *report)
{
	const char *end = report + strcspn(report, "\n"),
		   *bar = memchr(report, '|', (size_t)(end - report));
	const char *colon = strstr(report, ": ");
	struct plugin p = { .text = report, .values = end, .rest = end + (*end == '\n') };

	if (colon != NULL && colon < end)
		p.text = colon + 2;
	p.text_n = (size_t)((bar != NULL && bar > p.text ? bar - 1 : end) - p.text);
	if (bar != NULL) {
		p.values = bar + 1;
		p.values_n = (size_t)(end - p.values);
	}
	return p;
}

/* texts_add appends the texts of the instances of one status, as far as there is room. */
static bool
texts_add(const struct tw_merge *list, size_t n, enum tw_status status, size_t start,
          size_t *left_out, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true, first = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct plugin p = plugin_split(list[i].text);

		if (list[i].status != status)
			continue;
		first = out->len == start;
		if (!first && out->len - start + p.text_n > TEXT_MOST)
			++*left_out;
		else
			ok = tw_buf_printf(out, e, "%s%s: ", first ? "" : "; ", list[i].name) &&
			     tw_buf_add(out, p.text, p.text_n, e);
	}
	return ok;
}

/* headline_add appends "TWPOOL STATUS: 1 of 2 instances: b: text". */
static bool
headline_add(const struct tw_merge *list, size_t n, struct tw_buf *out, struct tw_err *e)
{
	static const enum tw_status badness[] = { TW_STATUS_CRITICAL, TW_STATUS_UNKNOWN,
		                                  TW_STATUS_WARNING };
	enum tw_status worst = tw_merge_status(list, n);
	size_t bad = 0, left_out = 0, start;
	char word[16] = "";
	bool ok;

	for (size_t i = 0; i < n; i++)
		bad += list[i].status != TW_STATUS_OK;
	for (size_t i = 0; i + 1 < sizeof(word) && tw_status_word(worst)[i] != '\0'; i++)
		word[i] = (char)toupper((unsigned char)tw_status_word(worst)[i]);
	ok = tw_buf_printf(out, e, "TWPOOL %s: ", word) &&
	     (bad == 0 || tw_buf_printf(out, e, "%zu of ", bad)) &&
	     tw_buf_printf(out, e, "%zu instance%s: ", n, n == 1 ? "" : "s");
	start = out->len;
	if (bad == 0)
		ok = ok && texts_add(list, n, TW_STATUS_OK, start, &left_out, out, e);
	for (size_t i = 0; i < sizeof(badness) / sizeof(*badness); i++)
		ok = ok && texts_add(list, n, badness[i], start, &left_out, out, e);
	return ok && (left_out == 0 || tw_buf_printf(out, e, "; and %zu more (-v)", left_out));
}

/* rest_add appends the further lines of one instance, each behind its name. */
static bool
rest_add(const struct tw_merge *one, struct tw_buf *out, struct tw_err *e)
{
	const char *line = plugin_split(one->text).rest;
	bool ok = true;

	while (ok && *line != '\0') {
		size_t n = strcspn(line, "\n");

		ok = tw_buf_printf(out, e, "%s: ", one->name) && tw_buf_add(out, line, n, e) &&
		     tw_buf_puts(out, "\n", e);
		line += n + (line[n] == '\n');
	}
	return ok;
}

/* nagios_merge appends the plugin's report. */
static bool
nagios_merge(const struct tw_merge *list, size_t n, struct tw_buf *out, struct tw_err *e)
{
	bool ok = headline_add(list, n, out, e), any = false;

	for (size_t i = 0; ok && i < n; i++) {
		struct plugin p = plugin_split(list[i].text);

		if (p.values_n == 0)
			continue;
		ok = (any || tw_buf_puts(out, " |", e)) && tw_buf_add(out, p.values, p.values_n, e);
		any = true;
	}
	ok = ok && tw_buf_puts(out, "\n", e);
	for (size_t i = 0; ok && i < n; i++)
		ok = rest_add(&list[i], out, e);
	return ok;
}

/* summaries_take makes the plugin's line of what the documents say in one. */
static json_t *
summaries_take(const struct tw_merge *list, size_t n, const json_t *documents, struct tw_err *e)
{
	struct tw_merge lines[TW_MERGE_MAX];
	struct tw_buf line = TW_BUF_INIT;
	json_t *summary = NULL;

	for (size_t i = 0; i < n; i++) {
		const json_t *text = json_object_get(json_array_get(documents, i), "summary");

		lines[i] = list[i];
		lines[i].text = json_is_string(text) ? json_string_value(text) : "";
	}
	if (headline_add(lines, n, &line, e))
		summary = tw_json_name(tw_buf_text(&line));
	tw_buf_free(&line);
	return summary;
}

/* json_merge appends one document that holds the others. */
static bool
json_merge(const struct tw_merge *list, size_t n, const char *tool, struct tw_buf *out,
           struct tw_err *e)
{
	json_t *report = tw_json_report(tool, tw_status_word(tw_merge_status(list, n)));
	json_t *documents = json_array();
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		json_t *one = tw_json_parse(list[i].text, strlen(list[i].text), list[i].name, e);

		ok = one != NULL &&
		     json_object_set_new(one, "instance", tw_json_name(list[i].name)) == 0;
		json_array_append_new(documents, one);
	}
	if (ok)
		json_object_set_new(report, "summary", summaries_take(list, n, documents, e));
	json_object_set_new(report, "instances", documents);
	ok = ok && (report != NULL || tw_fail(e, EX_OSERR, "out of memory")) &&
	     tw_json_text(report, out, e);
	json_decref(report);
	return ok;
}

bool
tw_merge(const struct tw_merge *list, size_t n, const char *tool, enum tw_format format,
         struct tw_buf *out, struct tw_err *e)
{
	switch (format) {
	case TW_FORMAT_JSON:
		return json_merge(list, n, tool, out, e);
	case TW_FORMAT_PROMETHEUS:
		return tw_merge_metrics(list, n, out, e);
	default:
		return nagios_merge(list, n, out, e);
	}
}
