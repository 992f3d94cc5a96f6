/* SPDX-License-Identifier: ISC */
/* report_table.c: the pools for people, a line each, columns that stand below each other. */
#include "report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE (2 * TW_POOL_NAME_SIZE)

/* pool_name is "database/user"; what would end the line or move a terminal's cursor is "?". */
static void
pool_name(const struct tw_pool *p, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s/%s", p->database, p->user);
	for (char *c = out; *c != '\0'; c++) {
		if (iscntrl((unsigned char)*c) || *c == '|')
			*c = '?';
	}
}

/* state_word is what is special about a pool. */
static const char *
state_word(const struct tw_facts *f, const struct tw_pool *p)
{
	if (p->disabled)
		return "disabled";
	if (p->paused)
		return "paused";
	for (size_t i = 0; f->sample.postgres && i < f->freeze.n; i++) {
		if (strcmp(f->freeze.pool[i].database, p->database) == 0 &&
		    strcmp(f->freeze.pool[i].user, p->user) == 0)
			return tw_flow_word(f->freeze.pool[i].flow);
	}
	return "";
}

/* row_add appends one pool. */
static bool
row_add(const struct tw_facts *f, const struct tw_pool *p, int width, struct tw_buf *out,
        struct tw_err *e)
{
	char name[NAME_SIZE], limit[24] = "-", line[NAME_SIZE + 128];
	size_t n;

	pool_name(p, name);
	if (p->limit > 0)
		snprintf(limit, sizeof(limit), "%ld", p->limit);
	snprintf(line, sizeof(line), "%-*s %7ld %7ld %11.6f %7ld %7ld %7ld %7s  %s", width, name,
	         p->cl_active, p->cl_waiting, (double)p->maxwait_us / 1e6, p->sv_active,
	         p->sv_idle + p->sv_used + p->sv_tested, p->sv_login, limit, state_word(f, p));
	for (n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	return tw_buf_printf(out, e, "%s\n", line);
}

bool
tw_report_table(const struct tw_facts *f, struct tw_buf *out, struct tw_err *e)
{
	int width = 4;
	bool ok = true;

	for (size_t i = 0; i < f->sample.pools.n; i++) {
		char name[NAME_SIZE];

		pool_name(&f->sample.pools.item[i], name);
		if ((int)strlen(name) > width)
			width = (int)strlen(name);
	}
	if (f->sample.pools.n > 0)
		ok = tw_buf_printf(out, e, "%-*s %7s %7s %11s %7s %7s %7s %7s  %s\n", width, "POOL",
		                   "CLIENTS", "WAITING", "MAXWAIT", "ACTIVE", "IDLE", "LOGIN",
		                   "LIMIT", "STATE");
	for (size_t i = 0; ok && i < f->sample.pools.n; i++)
		ok = row_add(f, &f->sample.pools.item[i], width, out, e);
	return ok;
}
