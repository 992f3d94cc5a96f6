/* SPDX-License-Identifier: ISC */
/* lookup.c: the pooled databases one after the other; in each what lookup_sql.c says. */
#include "lookup.h"
#include "lookup_sql.h"
#include "site/database.h"

#include <stdlib.h>
#include <string.h>

/* each_database runs fn in every pooled database once, whatever names it has in the pooler. */
static bool
each_database(const struct tw_site *site, const char *program, tw_superuser_fn fn, tw_ms deadline,
              struct tw_buf *out, struct tw_err *e)
{
	const json_t *list = json_object_get(site->root, "databases"), *element;
	json_t *seen = json_object();
	bool ok = seen != NULL || tw_fail(e, EX_OSERR, "out of memory");
	size_t i;

	json_array_foreach (list, i, element) {
		struct tw_database d;

		tw_database_read(site->root, element, &d);
		if (!ok || json_object_get(seen, d.dbname) != NULL)
			continue;
		json_object_set_new(seen, d.dbname, json_true());
		ok = tw_superuser_do(site, program, d.dbname, fn, site, deadline, out, e) ||
		     tw_context(e, "database '%s'", d.dbname);
	}
	json_decref(seen);
	return ok;
}

/* check_do is tw_lookup_compare behind the signature of tw_superuser_do. */
static bool
check_do(PGconn *conn, const void *site, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	return tw_lookup_own(conn, deadline, e) && tw_lookup_compare(conn, site, deadline, out, e);
}

/*
 * roles_prove looks up every role of the site as the lookup's own role, and holds what comes against
 * PostgreSQL's own secret; inside of the transaction, which goes back to being the superuser.
 */
static bool
roles_prove(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_err *e)
{
	const json_t *user;
	size_t i;
	bool ok = true;

	json_array_foreach (json_object_get(site->root, "users"), i, user) {
		const char *name = json_string_value(json_object_get(user, "name"));
		struct tw_buf ask = TW_BUF_INIT, own = TW_BUF_INIT;
		char *quoted = PQescapeLiteral(conn, name, strlen(name));
		PGresult *found = NULL, *real = NULL;

		ok = ok && quoted != NULL &&
		     tw_buf_printf(&ask, e, "SELECT uname, phash FROM twpool.user_lookup(%s)",
		                   quoted) &&
		     tw_buf_printf(&own, e,
		                   "SELECT rolpassword FROM pg_catalog.pg_authid WHERE "
		                   "rolname::pg_catalog.text OPERATOR(pg_catalog.=) %s",
		                   quoted) &&
		     tw_pg_exec(conn, own.data, deadline, &real, e) &&
		     tw_pg_exec(conn, "SET LOCAL ROLE twpool_lookup", deadline, NULL, e) &&
		     tw_pg_exec(conn, ask.data, deadline, &found, e) &&
		     tw_pg_exec(conn, "RESET ROLE", deadline, NULL, e);
		if (ok && (PQntuples(found) != 1 || PQntuples(real) != 1 ||
		           strcmp(PQgetvalue(found, 0, 0), name) != 0 ||
		           strcmp(PQgetvalue(found, 0, 1), PQgetvalue(real, 0, 0)) != 0))
			ok = tw_fail(e, EX_CONFIG, "the lookup does not find the role '%s'", name) ||
			     tw_hint(e, "twpool-auth export --check says what is wrong with it.");
		if (found != NULL && PQntuples(found) == 1)
			explicit_bzero(PQgetvalue(found, 0, 1), (size_t)PQgetlength(found, 0, 1));
		if (real != NULL && PQntuples(real) == 1)
			explicit_bzero(PQgetvalue(real, 0, 0), (size_t)PQgetlength(real, 0, 0));
		PQclear(found);
		PQclear(real);
		PQfreemem(quoted);
		tw_buf_free(&ask);
		tw_buf_free(&own);
	}
	return ok;
}

/* install_do makes one database as it should be, or leaves it as it was. */
static bool
install_do(PGconn *conn, const void *arg, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	const struct tw_site *site = arg;
	struct tw_buf before = TW_BUF_INIT, after = TW_BUF_INIT;
	bool ok = tw_pg_exec(conn, "BEGIN", deadline, NULL, e) &&
	          tw_lookup_compare(conn, site, deadline, &before, e) &&
	          (before.len == 0 || tw_lookup_create(conn, site, deadline, e)) &&
	          tw_lookup_compare(conn, site, deadline, &after, e);

	if (ok && after.len > 0) {
		/* Default privileges of the database, for example; one line of it is enough. */
		after.data[strcspn(after.data, "\n")] = '\0';
		ok = tw_fail(e, EX_CONFIG, "not as it should be after the installation: %s",
		             after.data);
	}
	ok = ok && roles_prove(conn, site, deadline, e) &&
	     tw_pg_exec(conn, "COMMIT", deadline, NULL, e) &&
	     (before.len == 0 || tw_buf_printf(out, e, "installed in %s\n", PQdb(conn)));
	tw_buf_free(&before);
	tw_buf_free(&after);
	return ok;
}

bool
tw_lookup_check(const struct tw_site *site, const char *program, tw_ms deadline,
                struct tw_buf *out, struct tw_err *e)
{
	return each_database(site, program, check_do, deadline, out, e);
}

bool
tw_lookup_install(const struct tw_site *site, const char *program, tw_ms deadline,
                  struct tw_buf *out, struct tw_err *e)
{
	return each_database(site, program, install_do, deadline, out, e);
}

/* places_do lists the databases in which something depends on the role, each ended by NUL. */
static bool
places_do(PGconn *conn, const void *unused, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	static const char sql[] =
	    "SELECT d.datname FROM pg_catalog.pg_database AS d WHERE EXISTS (SELECT FROM "
	    "pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_roles AS r "
	    "ON r.oid = s.refobjid AND r.rolname IN ('twpool_lookup', 'twpool_probe') "
	    "WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND (s.dbid = d.oid OR "
	    "(s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = d.oid)))";
	static const char busy[] = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity "
	                           "WHERE usename IN ('twpool_lookup', 'twpool_probe')";
	PGresult *r = NULL, *sessions = NULL;
	bool ok = tw_pg_exec(conn, "SET search_path = pg_catalog, pg_temp", deadline, NULL, e) &&
	          tw_lookup_own(conn, deadline, e) && tw_pg_exec(conn, busy, deadline, &sessions, e) &&
	          tw_pg_exec(conn, sql, deadline, &r, e);

	(void)unused;
	if (ok && strcmp(PQgetvalue(sessions, 0, 0), "0") != 0) {
		ok = tw_fail(e, EX_TEMPFAIL, "a role of twpool's is connected: a pooler uses it");
		tw_hint(e, "Run twpool-rollback first.");
	}
	for (int i = 0; ok && i < PQntuples(r); i++)
		ok = tw_buf_add(out, PQgetvalue(r, i, 0), (size_t)PQgetlength(r, i, 0) + 1, e);
	PQclear(sessions);
	PQclear(r);
	return ok;
}

/* purge_do takes schema, function and privileges out of one database. What is not ours and stands in
 * the schema keeps it: DROP SCHEMA refuses. */
static bool
purge_do(PGconn *conn, const void *unused, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	static const char *const sql[] = {
		"BEGIN",
		"SET LOCAL search_path = pg_catalog, pg_temp",
		"DROP FUNCTION IF EXISTS twpool.user_lookup(pg_catalog.text)",
		/* One that an older twpool has installed has no probe. */
		"DO $$ DECLARE own name; BEGIN FOR own IN SELECT rolname FROM pg_roles WHERE rolname IN "
		"('twpool_lookup', 'twpool_probe') LOOP EXECUTE format('DROP OWNED BY %I', own); END LOOP; "
		"END $$",
		"DROP SCHEMA IF EXISTS twpool",
		"COMMIT",
	};
	bool ok = tw_lookup_own(conn, deadline, e);

	(void)unused;
	for (size_t i = 0; ok && i < sizeof(sql) / sizeof(*sql); i++)
		ok = tw_pg_exec(conn, sql[i], deadline, NULL, e);
	return ok && tw_buf_printf(out, e, "removed from %s\n", PQdb(conn));
}

/* roles_do drops our roles. */
static bool
roles_do(PGconn *conn, const void *unused, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn,
	                     "SELECT rolname, 'DROP ROLE ' OPERATOR(pg_catalog.||) rolname "
	                     "FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) ANY "
	                     "('{twpool_lookup,twpool_probe}') ORDER BY rolname",
	                     deadline, &r, e);

	(void)unused;
	for (int i = 0; ok && i < PQntuples(r); i++)
		ok = tw_pg_exec(conn, PQgetvalue(r, i, 1), deadline, NULL, e) &&
		     tw_buf_printf(out, e, "removed the role %s\n", PQgetvalue(r, i, 0));
	PQclear(r);
	return ok;
}

bool
tw_lookup_purge(const struct tw_site *site, const char *program, tw_ms deadline,
                struct tw_buf *out, struct tw_err *e)
{
	struct tw_buf places = TW_BUF_INIT;
	bool ok = tw_superuser_do(site, program, NULL, places_do, NULL, deadline, &places, e);

	for (const char *at = tw_buf_text(&places), *end = at + places.len; ok && at < end;
	     at += strlen(at) + 1)
		ok = tw_superuser_do(site, program, at, purge_do, NULL, deadline, out, e) ||
		     tw_context(e, "database '%s'", at);
	ok = ok && tw_superuser_do(site, program, NULL, roles_do, NULL, deadline, out, e);
	tw_buf_free(&places);
	return ok;
}
