/* SPDX-License-Identifier: ISC */
/* page.c: HTML, its style, and figures by their paths. */
#include "page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Colours are of the system's face; the two series differ in brightness and dashes too. */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#6a737d;--line:#d0d7de;"
    "--a:#0b62c4;--b:#b4530a;--good:#116329;--bad:#a40e26}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--faint:#9aa4af;"
    "--line:#30363d;--a:#6cb6ff;--b:#f0a15c;--good:#6fdd8b;--bad:#ff8e8e}}"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}"
    "table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;color:var(--faint);padding:.3rem 0}"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);"
    "vertical-align:top}td data{font-variant-numeric:tabular-nums}"
    ".met{color:var(--good);font-weight:600}.not_met{color:var(--bad);font-weight:600}"
    ".not_measured,.faint{color:var(--faint)}"
    "figure{margin:1rem 0}figcaption{color:var(--faint);font-size:.9rem}"
    "svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}"
    ".axis{stroke:var(--line)}.s0{stroke:var(--a);fill:none;stroke-width:2}"
    ".s1{stroke:var(--b);fill:none;stroke-width:2;stroke-dasharray:6 3}"
    ".limit{stroke:var(--faint);stroke-dasharray:2 4}"
    ".f0{fill:var(--a)}.f1{fill:var(--b)}svg text.t0{fill:var(--a)}svg text.t1{fill:var(--b)}"
    "@media print{:root{--ink:#000;--paper:#fff}body{margin:0;max-width:none}"
    "figure,table{break-inside:avoid}}";

void
tw_page_put(struct tw_page *p, const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int n;

	if (!p->ok)
		return;
	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		p->ok = tw_fail(p->e, EX_SOFTWARE, "a line of the page is too long");
	else
		p->ok = tw_buf_add(p->out, line, (size_t)n, p->e);
}

void
tw_page_text(struct tw_page *p, const char *text)
{
	for (; p->ok && *text != '\0'; text++) {
		const char *as = *text == '&'   ? "&amp;"
		                 : *text == '<' ? "&lt;"
		                 : *text == '>' ? "&gt;"
		                 : *text == '"' ? "&quot;"
		                                : NULL;

		p->ok = as != NULL ? tw_buf_puts(p->out, as, p->e)
		                   : tw_buf_add(p->out, text, 1, p->e);
	}
}

const json_t *
tw_page_at(const struct tw_page *p, const char *path)
{
	const json_t *json = p->report;

	while (json != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		char key[64];

		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
		                           : json_object_get(json, key);
		path += n + (path[n] == '.');
	}
	return json;
}

double
tw_page_number(const struct tw_page *p, const char *path)
{
	const json_t *json = tw_page_at(p, path);

	return json_is_number(json) ? json_number_value(json) : NAN;
}

void
tw_page_figure(struct tw_page *p, const char *path)
{
	const json_t *json = tw_page_at(p, path);
	char *text;

	if (!p->ok)
		return;
	if (json == NULL || json_is_null(json)) {
		tw_page_put(p, "<span class=\"not_measured\">not known</span>");
		return;
	}
	if (json_is_string(json)) {
		tw_page_put(p, "<span data-json=\"%s\">", path);
		tw_page_text(p, json_string_value(json));
		tw_page_put(p, "</span>");
		return;
	}
	text = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)); /* as tw_json_text */
	if (text == NULL) {
		p->ok = tw_fail(p->e, EX_OSERR, "out of memory");
		return;
	}
	tw_page_put(p, "<data data-json=\"%s\" value=\"%.100s\">%.100s</data>", path, text, text);
	free(text);
}

void
tw_page_fill(struct tw_page *p, const char *prefix, const char *html)
{
	while (p->ok && *html != '\0') {
		size_t n = strcspn(html, "{"), key = strcspn(html + n, "}");
		char path[128];

		p->ok = tw_buf_add(p->out, html, n, p->e);
		html += n;
		if (*html == '\0')
			break;
		snprintf(path, sizeof(path), "%s%s%.*s", prefix, *prefix != '\0' ? "." : "",
		         (int)key - 1, html + 1);
		tw_page_figure(p, path);
		html += key + (html[key] == '}');
	}
}

void
tw_page_begin(struct tw_page *p, const char *title)
{
	tw_page_put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	               "style-src 'unsafe-inline'; img-src data:\">\n"
	               "<link rel=\"icon\" href=\"data:,\">\n<title>");
	tw_page_text(p, title);
	tw_page_put(p, "</title>\n<style>");
	if (p->ok)
		p->ok = tw_buf_puts(p->out, style, p->e);
	tw_page_put(p, "</style>\n</head>\n<body>\n<main>\n<h1>");
	tw_page_text(p, title);
	tw_page_put(p, "</h1>\n");
}

void
tw_page_end(struct tw_page *p)
{
	tw_page_put(p, "</main>\n</body>\n</html>\n");
}
