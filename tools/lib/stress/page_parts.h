/* SPDX-License-Identifier: ISC */
/* page_parts.h: the parts of the page of twpool-stress that have pictures. They know the JSON only.
 */
#pragma once

#include "page/page.h"

/* Of the two targets: before is the second one of the report, where there is one. */
struct tw_page_two {
	size_t n;
	char name[2][200], path[2][40];
};

/* tw_page_latencies draws the distributions: the share of transactions that took at most so long.
 */
void tw_page_latencies(struct tw_page *p, const struct tw_page_two *t);

/* tw_page_connections draws server connections over time. */
void tw_page_connections(struct tw_page *p, const struct tw_page_two *t);

/* tw_page_sweep is the success of logins over the number of bots; nothing where none was asked for.
 */
void tw_page_sweep(struct tw_page *p, const struct tw_page_two *t);

/* tw_page_memory compares the memory of a connection, at PostgreSQL and at the pooler. */
void tw_page_memory(struct tw_page *p, const struct tw_page_two *t);

/* tw_page_curve is the curve of pool sizes, `tune` in the report, with its recommendation. */
void tw_page_curve(struct tw_page *p);
