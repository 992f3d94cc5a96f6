/* SPDX-License-Identifier: ISC */
/*
 * page.h: one self-contained HTML page about one JSON report: it asks for nothing over the network,
 * has a light and a dark face, prints, and says in text what its pictures show. A figure on it is
 * taken from the report by its path and written as the report writes it, so that the two cannot
 * differ; the path stays in the page (data-json).
 */
#pragma once

#include "base/json.h"

/* A page in the making. After an error (without memory) the rest does nothing. */
struct tw_page {
	const json_t *report;
	struct tw_buf *out;
	struct tw_err *e;
	bool ok;
};

/* tw_page_put appends HTML as it stands. */
void tw_page_put(struct tw_page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* tw_page_text appends text, escaped. */
void tw_page_text(struct tw_page *p, const char *text);

/* tw_page_at is the value at a path of the report ("targets.0.logins.success"), or NULL. */
const json_t *tw_page_at(const struct tw_page *p, const char *path);

/* tw_page_number is a number there; NAN for null, and for anything else. */
double tw_page_number(const struct tw_page *p, const char *path);

/* tw_page_figure appends the value at a path; "not known" where it is null or absent. */
void tw_page_figure(struct tw_page *p, const char *path);

/*
 * tw_page_fill appends HTML in which each {KEY} is the figure at PREFIX.KEY; with the prefix ""
 * keys are of the report itself.
 */
void tw_page_fill(struct tw_page *p, const char *prefix, const char *html);

/* tw_page_begin and tw_page_end: everything before and after the content. */
void tw_page_begin(struct tw_page *p, const char *title);
void tw_page_end(struct tw_page *p);

/* The pictures: SVG with a title, and `words`, the same in text, for who does not see it. */

/* One series of a picture: its name, and the face it has in both styles: 0 or 1. */
struct tw_series {
	const char *name;
	int face;
	size_t n;
	const double *x, *y; /* NAN in y: a gap */
};

/*
 * tw_page_lines draws series over x. `x_unit` and `y_unit` stand at the axes; `logarithmic`: x is
 * drawn so (values above 0 only). `limit`: a line across, NAN for none.
 */
void tw_page_lines(struct tw_page *p, const char *title, const char *words, const char *x_unit,
                   const char *y_unit, const struct tw_series *series, size_t n, bool logarithmic,
                   double limit);

/* One bar. */
struct tw_bar {
	const char *label, *path; /* what its length is in the report */
	int face;
};

/* tw_page_bars draws bars of the values at their paths, with the figures beside them. */
void tw_page_bars(struct tw_page *p, const char *title, const char *unit, const struct tw_bar *bars,
                  size_t n);
