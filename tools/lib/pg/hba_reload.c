/* SPDX-License-Identifier: ISC */
/* hba_reload.c: proof that PostgreSQL goes by the block: asked of the server, never of the files. */
#include "hba.h"
#include "lookup.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two looks at a new session, in ms. */
#define LOOK_PAUSE 20

/* Each error that PostgreSQL sees in its files as they are now. */
static const char errors_sql[] =
    "SELECT 'pg_hba.conf', line_number, error FROM pg_catalog.pg_hba_file_rules WHERE error IS NOT "
    "NULL";
static const char ident_errors_sql[] =
    "SELECT 'pg_ident.conf', line_number, error FROM pg_catalog.pg_ident_file_mappings WHERE error "
    "IS NOT NULL";

/* The first rules, written as the block has them. */
static const char rules_sql[] =
    "SELECT pg_catalog.concat_ws(' ', type,"
    " CASE WHEN database OPERATOR(pg_catalog.=) ARRAY['all'] THEN 'all' ELSE"
    " pg_catalog.concat('\"', pg_catalog.replace(database[1], '\"', '\"\"'), '\"') END,"
    " pg_catalog.concat('\"', pg_catalog.replace(user_name[1], '\"', '\"\"'), '\"'), address,"
    " auth_method, pg_catalog.array_to_string(options, ' '))"
    " FROM pg_catalog.pg_hba_file_rules ORDER BY line_number";

/* error_fail fails with the first row of an answer where there is one. */
static bool
error_fail(PGconn *conn, const char *sql, tw_ms deadline, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn, sql, deadline, &r, e);

	if (ok && PQntuples(r) > 0)
		ok = tw_fail(e, EX_CONFIG, "%s:%s: %s", PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1),
		             PQgetvalue(r, 0, 2)) ||
		     tw_hint(e, "PostgreSQL goes on with what it read before: correct that line.");
	PQclear(r);
	return ok;
}

/* rules_check holds the first rules against the lines of the block. */
static bool
rules_check(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_err *e)
{
	struct tw_buf block = TW_BUF_INIT;
	PGresult *r = NULL;
	bool ok = tw_hba_block(site, &block, e) && tw_pg_exec(conn, rules_sql, deadline, &r, e);
	const char *line = tw_buf_text(&block);
	int row = 0;

	for (; ok && *line != '\0'; line += strcspn(line, "\n") + 1) {
		size_t n = strcspn(line, "\n");

		if (*line == '#')
			continue;
		if (row >= PQntuples(r) || (size_t)PQgetlength(r, row, 0) != n ||
		    memcmp(PQgetvalue(r, row, 0), line, n) != 0)
			ok = tw_fail(e, EX_CONFIG,
			             "rule %d of pg_hba.conf is '%s', not '%.*s' of twpool's block",
			             row + 1, row < PQntuples(r) ? PQgetvalue(r, row, 0) : "absent",
			             (int)n, line);
		row++;
	}
	PQclear(r);
	tw_buf_free(&block);
	return ok;
}

/* map_check: the map leads from the pooler's OS user to our two roles, and from nobody else. */
static bool
map_check(PGconn *conn, const char *pooler_user, tw_ms deadline, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn,
	                     "SELECT sys_name, pg_username FROM pg_catalog.pg_ident_file_mappings "
	                     "WHERE map_name OPERATOR(pg_catalog.=) 'twpool' ORDER BY pg_username",
	                     deadline, &r, e);

	if (ok && (PQntuples(r) != 2 || strcmp(PQgetvalue(r, 0, 0), pooler_user) != 0 ||
	           strcmp(PQgetvalue(r, 1, 0), pooler_user) != 0 ||
	           strcmp(PQgetvalue(r, 0, 1), TW_LOOKUP_ROLE) != 0 ||
	           strcmp(PQgetvalue(r, 1, 1), TW_PROBE_ROLE) != 0))
		ok = tw_fail(e, EX_CONFIG,
		             "pg_ident.conf: the map 'twpool' has %d lines, and not only those of the "
		             "pooler's user '%s'",
		             PQntuples(r), pooler_user);
	PQclear(r);
	return ok;
}

/* What is asked and proven in one session. */
struct proof {
	const struct tw_site *site;
	const char *pooler_user; /* NULL: the block is not there */
};

/* reload_do proves the files, asks for the reload, and says when the last one was. */
static bool
reload_do(PGconn *conn, const void *arg, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	const struct proof *p = arg;
	bool maps = PQserverVersion(conn) >= 150000;
	PGresult *r = NULL;
	bool ok = error_fail(conn, errors_sql, deadline, e) &&
	          (!maps || error_fail(conn, ident_errors_sql, deadline, e));

	if (ok && p->pooler_user != NULL)
		ok = rules_check(conn, p->site, deadline, e) &&
		     (!maps || map_check(conn, p->pooler_user, deadline, e));
	ok = ok &&
	     tw_pg_exec(conn,
	                "SELECT pg_catalog.pg_conf_load_time()::pg_catalog.text, "
	                "pg_catalog.pg_reload_conf()",
	                deadline, &r, e) &&
	     tw_buf_puts(out, PQgetvalue(r, 0, 0), e);
	PQclear(r);
	return ok;
}

/* look_do says when the last reload was that this session, which is new, knows of. */
static bool
look_do(PGconn *conn, const void *unused, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn, "SELECT pg_catalog.pg_conf_load_time()::pg_catalog.text",
	                     deadline, &r, e) &&
	          tw_buf_puts(out, PQgetvalue(r, 0, 0), e);

	(void)unused;
	PQclear(r);
	return ok;
}

bool
tw_hba_reload(const struct tw_site *site, const char *program, const char *pooler_user,
              tw_ms deadline, struct tw_err *e)
{
	struct proof proof = { site, pooler_user };
	struct tw_buf before = TW_BUF_INIT;
	bool ok = tw_superuser_do(site, program, NULL, reload_do, &proof, deadline, &before, e);
	bool done = false;

	while (ok && !done) {
		struct tw_buf now = TW_BUF_INIT;

		ok = tw_superuser_do(site, program, NULL, look_do, NULL, deadline, &now, e);
		done = ok && strcmp(tw_buf_text(&now), tw_buf_text(&before)) != 0;
		tw_buf_free(&now);
		if (ok && !done && tw_pg_now() >= deadline)
			ok = tw_fail(e, EX_UNAVAILABLE,
			             "PostgreSQL has not read its files again in time");
		if (ok && !done)
			poll(NULL, 0, LOOK_PAUSE);
	}
	tw_buf_free(&before);
	return ok;
}
