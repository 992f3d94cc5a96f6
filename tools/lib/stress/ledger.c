/* SPDX-License-Identifier: ISC */
/* ledger.c: pages of outcomes, and the table that they are held against. */
#include "ledger.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
tw_ledger_free(struct tw_ledger *l)
{
	for (size_t i = 0; i < l->bots; i++)
		free(l->page[i].outcome);
	free(l->page);
	l->page = NULL;
	l->bots = 0;
}

/* is_name tells a name that stands in SQL as it is. */
static bool
is_name(const char *name)
{
	int dots = 0;

	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '.')
			dots++;
		else if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			return false;
	}
	return *name != '\0' && !isdigit((unsigned char)*name) && *name != '.' && dots <= 1 &&
	       name[strlen(name) - 1] != '.' && strlen(name) < 100;
}

/* number is a statement's one number. */
static bool
number(PGconn *conn, const char *sql, tw_ms deadline, long *out, struct tw_err *e)
{
	PGresult *result = NULL;

	if (!tw_pg_exec(conn, sql, deadline, &result, e))
		return false;
	*out = PQntuples(result) > 0 ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	PQclear(result);
	return true;
}

bool
tw_ledger_open(struct tw_ledger *l, const char *table, size_t bots, PGconn *conn, tw_ms deadline,
               struct tw_err *e)
{
	char sql[512];
	long there = 0;
	struct timespec now;

	if (!is_name(table))
		return tw_fail(e, EX_USAGE, "--ledger: '%s' is no name of a table", table);
	clock_gettime(CLOCK_REALTIME, &now);
	l->run = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	snprintf(l->table, sizeof(l->table), "%s", table);
	l->page = calloc(bots, sizeof(*l->page));
	if (l->page == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	l->bots = bots;
	snprintf(sql, sizeof(sql), "SELECT (pg_catalog.to_regclass('%s') IS NOT NULL)::int", table);
	if (!number(conn, sql, deadline, &there, e))
		return tw_context(e, "--ledger");
	l->created = there == 0;
	snprintf(sql, sizeof(sql),
	         "CREATE TABLE %s (run bigint NOT NULL, bot int NOT NULL, serial bigint NOT NULL)",
	         table);
	return there != 0 || tw_pg_exec(conn, sql, deadline, NULL, e) || tw_context(e, "--ledger");
}

bool
tw_ledger_begin(struct tw_ledger *l, size_t bot, long *serial, struct tw_err *e)
{
	struct tw_ledger_page *p = &l->page[bot];

	if (p->n == p->cap) {
		size_t cap = p->cap > 0 ? 2 * p->cap : 64;
		unsigned char *grown = realloc(p->outcome, cap);

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		p->outcome = grown;
		p->cap = cap;
	}
	p->outcome[p->n] = TW_LEDGER_OPEN;
	*serial = (long)p->n++;
	return true;
}

void
tw_ledger_end(struct tw_ledger *l, size_t bot, long serial, enum tw_ledger_outcome outcome)
{
	l->page[bot].outcome[serial] = (unsigned char)outcome;
}

/* row_judge counts one row: how often it is there is `times`; it is struck off its page. */
static void
row_judge(struct tw_ledger *l, size_t bot, size_t serial, long times)
{
	unsigned char *outcome;

	if (bot >= l->bots || serial >= l->page[bot].n) {
		l->ghosts += times;
		return;
	}
	outcome = &l->page[bot].outcome[serial];
	l->doubled += times > 1;
	l->ghosts += *outcome == TW_LEDGER_GIVEN_UP;
	l->open_found += *outcome == TW_LEDGER_OPEN;
	*outcome |= 0x80; /* seen */
}

/* told_count counts what the bots were told, and what of it is not there. */
static void
told_count(struct tw_ledger *l)
{
	for (size_t i = 0; i < l->bots; i++) {
		for (size_t j = 0; j < l->page[i].n; j++) {
			unsigned char outcome = l->page[i].outcome[j];

			l->committed += (outcome & 0x7f) == TW_LEDGER_COMMITTED;
			l->open += (outcome & 0x7f) == TW_LEDGER_OPEN;
			l->given_up += (outcome & 0x7f) == TW_LEDGER_GIVEN_UP;
			l->lost += outcome == TW_LEDGER_COMMITTED;
			l->page[i].outcome[j] = outcome & 0x7f;
		}
	}
}

bool
tw_ledger_audit(struct tw_ledger *l, PGconn *conn, tw_ms deadline, struct tw_err *e)
{
	PGresult *rows = NULL;
	char sql[512];

	snprintf(sql, sizeof(sql),
	         "SELECT bot, serial, count(*) FROM %s WHERE run = %lld GROUP BY bot, serial",
	         l->table, l->run);
	if (!tw_pg_exec(conn, sql, deadline, &rows, e))
		return tw_context(e, "--ledger");
	for (int i = 0; i < PQntuples(rows); i++)
		row_judge(l, strtoul(PQgetvalue(rows, i, 0), NULL, 10),
		          strtoul(PQgetvalue(rows, i, 1), NULL, 10),
		          strtol(PQgetvalue(rows, i, 2), NULL, 10));
	PQclear(rows);
	told_count(l);
	l->audited = true;
	if (l->created)
		snprintf(sql, sizeof(sql), "DROP TABLE %s", l->table);
	else
		snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE run = %lld", l->table, l->run);
	return tw_pg_exec(conn, sql, deadline, NULL, e) || tw_context(e, "--ledger");
}
