/* SPDX-License-Identifier: ISC */
/* picture.c: SVG. */
#include "page.h"

#include <math.h>
#include <stdio.h>

/* In units of the picture; it is as wide as the page allows. */
#define WIDTH 720.0
#define HEIGHT 260.0
#define LEFT 64.0
#define RIGHT 16.0
#define TOP 40.0
#define BOTTOM 40.0

/* The two axes: from the lowest to the highest value. */
struct axes {
	double x0, x1, y1; /* y begins at 0 */
	bool logarithmic;
};

/* nice is the next number from x on that people like, whose half they like too. */
static double
nice(double x)
{
	static const double liked[] = { 1, 1.2, 1.6, 2, 3, 4, 5, 6, 8 };
	double power = pow(10, floor(log10(x > 0 ? x : 1)));
	double times = (x > 0 ? x : 1) / power;

	for (size_t i = 0; i < sizeof(liked) / sizeof(*liked); i++) {
		if (times <= liked[i] + 1e-9)
			return power * liked[i];
	}
	return power * 10;
}

/* axes_find finds what the series need. */
static struct axes
axes_find(const struct tw_series *series, size_t n, bool logarithmic, double limit)
{
	struct axes a = { INFINITY, -INFINITY, isnan(limit) ? 0 : limit, logarithmic };

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < series[i].n; j++) {
			if (isnan(series[i].y[j]) || (logarithmic && series[i].x[j] <= 0))
				continue;
			a.x0 = fmin(a.x0, series[i].x[j]);
			a.x1 = fmax(a.x1, series[i].x[j]);
			a.y1 = fmax(a.y1, series[i].y[j]);
		}
	}
	a.y1 = nice(a.y1);
	if (!logarithmic)
		a.x0 = fmin(a.x0, 0);
	if (!(a.x1 > a.x0))
		a.x1 = a.x0 + 1;
	return a;
}

/* place_x and place_y are where values are. */
static double
place_x(const struct axes *a, double x)
{
	double share = a->logarithmic ? (log(x) - log(a->x0)) / (log(a->x1) - log(a->x0))
	                              : (x - a->x0) / (a->x1 - a->x0);

	return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double
place_y(const struct axes *a, double y)
{
	return HEIGHT - BOTTOM - y / a->y1 * (HEIGHT - TOP - BOTTOM);
}

/* axes_draw draws them, with their ends in numbers. */
static void
axes_draw(struct tw_page *p, const struct axes *a, const char *x_unit, const char *y_unit)
{
	for (int i = 0; i <= 2; i++) {
		double y = a->y1 * i / 2;

		tw_page_put(p, "<line class=\"axis\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>"
		               "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
		            LEFT, WIDTH - RIGHT, place_y(a, y), place_y(a, y), LEFT - 6,
		            place_y(a, y) + 4, y);
	}
	for (int i = 0; i <= 4; i++) {
		double x = a->logarithmic ? a->x0 * pow(a->x1 / a->x0, i / 4.0)
		                          : a->x0 + (a->x1 - a->x0) * i / 4;

		tw_page_put(p, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"%s\">%.3g</text>\n",
		            place_x(a, x), HEIGHT - BOTTOM + 16,
		            i == 0 ? "start" : i == 4 ? "end" : "middle", x);
	}
	tw_page_put(p, "<text x=\"%g\" y=\"%g\" text-anchor=\"end\">%s</text>"
	               "<text x=\"4\" y=\"14\">%s</text>\n",
	            WIDTH - RIGHT, HEIGHT - 6, x_unit, y_unit);
}

/* series_draw draws one line, in pieces where there are gaps. */
static void
series_draw(struct tw_page *p, const struct axes *a, const struct tw_series *s, size_t index)
{
	bool open = false;

	for (size_t j = 0; j < s->n; j++) {
		bool there = !isnan(s->y[j]) && (!a->logarithmic || s->x[j] > 0);

		if (there)
			tw_page_put(p, "%s%.1f,%.1f",
			            open ? " " : s->face == 0 ? "<polyline class=\"s0\" points=\""
			                                      : "<polyline class=\"s1\" points=\"",
			            place_x(a, s->x[j]), place_y(a, s->y[j]));
		else if (open)
			tw_page_put(p, "\"/>\n");
		open = there;
	}
	if (open)
		tw_page_put(p, "\"/>\n");
	tw_page_put(p, "<text class=\"t%d\" x=\"%g\" y=\"%g\" text-anchor=\"end\">%s ", s->face,
	            WIDTH - RIGHT, 14 + 15 * (double)index, s->face == 0 ? "\u2014" : "- -");
	tw_page_text(p, s->name);
	tw_page_put(p, "</text>\n");
}

/* head opens a figure with its picture; its words are in the caption too. */
static void
head(struct tw_page *p, const char *title, double height)
{
	tw_page_put(p, "<figure>\n<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"", WIDTH,
	            height);
	tw_page_text(p, title);
	tw_page_put(p, "\">\n<title>");
	tw_page_text(p, title);
	tw_page_put(p, "</title>\n");
}

void
tw_page_lines(struct tw_page *p, const char *title, const char *words, const char *x_unit,
              const char *y_unit, const struct tw_series *series, size_t n, bool logarithmic,
              double limit)
{
	struct axes a = axes_find(series, n, logarithmic, limit);

	if (isinf(a.x0))
		return; /* nothing is known */
	head(p, title, HEIGHT);
	axes_draw(p, &a, x_unit, y_unit);
	if (!isnan(limit))
		tw_page_put(p, "<line class=\"limit\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
		            LEFT, WIDTH - RIGHT, place_y(&a, limit), place_y(&a, limit));
	for (size_t i = 0; i < n; i++)
		series_draw(p, &a, &series[i], i);
	tw_page_put(p, "</svg>\n<figcaption>");
	tw_page_text(p, words);
	tw_page_put(p, "</figcaption>\n</figure>\n");
}

void
tw_page_bars(struct tw_page *p, const char *title, const char *unit, const struct tw_bar *bars,
             size_t n)
{
	double most = 0, top = 8, step = 30, left = 220, room = WIDTH - left - 120;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, tw_page_number(p, bars[i].path));
	if (most <= 0)
		return;
	head(p, title, top + step * (double)n);
	for (size_t i = 0; i < n; i++) {
		double x = tw_page_number(p, bars[i].path), y = top + step * (double)i;

		tw_page_put(p, "<text x=\"%g\" y=\"%g\" text-anchor=\"end\">", left - 8, y + 15);
		tw_page_text(p, bars[i].label);
		tw_page_put(p, "</text><rect class=\"f%d\" x=\"%g\" y=\"%g\" width=\"%.1f\" "
		               "height=\"20\"/>\n",
		            bars[i].face, left, y, isnan(x) ? 0 : x / most * room);
		if (!isnan(x))
			tw_page_put(p, "<text x=\"%.1f\" y=\"%g\">%.*f</text>\n",
			            left + x / most * room + 6, y + 15, x == floor(x) ? 0 : 2, x);
	}
	tw_page_put(p, "</svg>\n<figcaption>");
	for (size_t i = 0; i < n; i++) {
		tw_page_text(p, bars[i].label);
		tw_page_put(p, ": ");
		tw_page_figure(p, bars[i].path);
		tw_page_put(p, " %s%s", unit, i + 1 < n ? "; " : ".");
	}
	tw_page_put(p, "</figcaption>\n</figure>\n");
}
