/* SPDX-License-Identifier: ISC */
/*
 * lookup_sql.c: every name and operator is qualified, because neither the database's search_path
 * nor what somebody has put into it is ours (CVE-2025-12819).
 */
#include "lookup.h"
#include "lookup_sql.h"

#include <string.h>

/* Only what is in the list, may log in, has not expired (CVE-2025-2291) and has a SCRAM secret. */
static const char body_head[] =
    "\n  SELECT a.rolname::pg_catalog.text, a.rolpassword::pg_catalog.text\n"
    "    FROM pg_catalog.pg_authid AS a\n"
    "   WHERE a.rolname::pg_catalog.text OPERATOR(pg_catalog.=) i_username\n"
    "     AND a.rolname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY[";
static const char body_tail[] =
    "]::pg_catalog.text[])\n"
    "     AND a.rolcanlogin AND NOT a.rolsuper AND NOT a.rolreplication AND NOT a.rolbypassrls\n"
    "     AND (a.rolvaliduntil IS NULL\n"
    "          OR a.rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now())\n"
    "     AND a.rolpassword OPERATOR(pg_catalog.~~) 'SCRAM-SHA-256$%'\n";

/* What is there, as rows (what, is); see the table below for what it should be. */
static const char state_sql[] =
    "SELECT CASE WHEN rolname OPERATOR(pg_catalog.=) 'twpool_lookup' THEN 'the role'"
    " ELSE 'the probe''s role' END, pg_catalog.concat_ws(',',"
    " CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolsuper THEN 'superuser' END,"
    " CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcreaterole THEN 'createrole' END,"
    " CASE WHEN rolinherit THEN 'inherit' END, CASE WHEN rolreplication THEN 'replication' END,"
    " CASE WHEN rolbypassrls THEN 'bypassrls' END,"
    " CASE WHEN rolpassword IS NOT NULL THEN 'a password' END,"
    " CASE WHEN rolvaliduntil IS NOT NULL THEN 'valid until' END,"
    " 'limit ' OPERATOR(pg_catalog.||) rolconnlimit::pg_catalog.text)"
    " FROM pg_catalog.pg_authid"
    " WHERE rolname OPERATOR(pg_catalog.=) ANY ('{twpool_lookup,twpool_probe}')"
    " UNION ALL SELECT 'its memberships', pg_catalog.count(*)::pg_catalog.text"
    " FROM pg_catalog.pg_auth_members AS m, pg_catalog.pg_roles AS r"
    " WHERE r.rolname OPERATOR(pg_catalog.=) ANY ('{twpool_lookup,twpool_probe}')"
    " AND (m.member OPERATOR(pg_catalog.=) r.oid OR m.roleid OPERATOR(pg_catalog.=) r.oid)"
    " UNION ALL SELECT 'its settings', pg_catalog.count(*)::pg_catalog.text"
    " FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.pg_roles AS r"
    " WHERE r.rolname OPERATOR(pg_catalog.=) ANY ('{twpool_lookup,twpool_probe}')"
    " AND s.setrole OPERATOR(pg_catalog.=) r.oid"
    " UNION ALL SELECT 'its way in', CASE WHEN pg_catalog.bool_and("
    "pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT'))"
    " THEN 'open' ELSE 'shut' END FROM pg_catalog.pg_roles AS r"
    " WHERE r.rolname OPERATOR(pg_catalog.=) ANY ('{twpool_lookup,twpool_probe}')"
    " UNION ALL SELECT 'the schema', pg_catalog.concat_ws(',',"
    " CASE WHEN r.rolsuper THEN 'of a superuser' ELSE 'of an ordinary role' END,"
    " (SELECT pg_catalog.string_agg(pg_catalog.concat(COALESCE(g.rolname, 'PUBLIC'), '=',"
    " x.privilege_type, CASE WHEN x.is_grantable THEN ' with grant option' END), ','"
    " ORDER BY g.rolname, x.privilege_type)"
    " FROM pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS x"
    " LEFT JOIN pg_catalog.pg_roles AS g ON g.oid OPERATOR(pg_catalog.=) x.grantee"
    " WHERE x.grantee OPERATOR(pg_catalog.<>) n.nspowner))"
    " FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS r"
    " ON r.oid OPERATOR(pg_catalog.=) n.nspowner"
    " WHERE n.nspname OPERATOR(pg_catalog.=) 'twpool'"
    " UNION ALL SELECT 'functions in the schema', pg_catalog.count(*)::pg_catalog.text"
    " FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n"
    " ON n.oid OPERATOR(pg_catalog.=) p.pronamespace"
    " WHERE n.nspname OPERATOR(pg_catalog.=) 'twpool'"
    " UNION ALL SELECT w.what, w.found FROM pg_catalog.pg_proc AS p"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace"
    " JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang"
    " JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) p.proowner,"
    " LATERAL (VALUES ('the function', pg_catalog.concat_ws(',', l.lanname,"
    " CASE WHEN p.prosecdef THEN 'security definer' END,"
    " CASE WHEN p.proisstrict THEN 'strict' END, p.provolatile::pg_catalog.text,"
    " CASE WHEN r.rolsuper THEN 'of a superuser' ELSE 'of an ordinary role' END,"
    " pg_catalog.array_to_string(p.proconfig, ';'),"
    " pg_catalog.pg_get_function_identity_arguments(p.oid),"
    " pg_catalog.pg_get_function_result(p.oid))), ('the body of the function', p.prosrc),"
    " ('privileges of the function',"
    " (SELECT pg_catalog.string_agg(pg_catalog.concat(COALESCE(g.rolname, 'PUBLIC'), '=',"
    " x.privilege_type, CASE WHEN x.is_grantable THEN ' with grant option' END), ','"
    " ORDER BY g.rolname, x.privilege_type)"
    " FROM pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS x"
    " LEFT JOIN pg_catalog.pg_roles AS g ON g.oid OPERATOR(pg_catalog.=) x.grantee"
    " WHERE x.grantee OPERATOR(pg_catalog.<>) p.proowner))) AS w (what, found)"
    " WHERE n.nspname OPERATOR(pg_catalog.=) 'twpool'"
    " AND p.proname OPERATOR(pg_catalog.=) 'user_lookup'";

/* What should be there. NULL: the body, which depends on the site. */
static const struct {
	const char *what, *should;
} states[] = {
	{ "the role", "login,limit 10" },
	{ "the probe's role", "login,limit 2" },
	{ "its memberships", "0" },
	{ "its settings", "0" },
	{ "its way in", "open" },
	{ "the schema", "of a superuser,twpool_lookup=USAGE" },
	{ "functions in the schema", "1" },
	{ "the function",
	  "sql,security definer,strict,s,of a superuser,search_path=pg_catalog, pg_temp,"
	  "i_username text,TABLE(uname text, phash text)" },
	{ "privileges of the function", "twpool_lookup=EXECUTE" },
	{ "the body of the function", NULL },
};

bool
tw_lookup_body(PGconn *conn, const struct tw_site *site, struct tw_buf *body, struct tw_err *e)
{
	const json_t *user;
	bool ok = tw_buf_puts(body, body_head, e);
	size_t i;

	json_array_foreach (json_object_get(site->root, "users"), i, user) {
		const char *name = json_string_value(json_object_get(user, "name"));
		char *quoted = PQescapeLiteral(conn, name, strlen(name));

		ok = ok && (quoted != NULL
		                ? tw_buf_printf(body, e, "%s%s", i > 0 ? ", " : "", quoted)
		                : tw_fail(e, EX_CONFIG, "users[%zu].name: not UTF-8", i));
		PQfreemem(quoted);
	}
	return ok && tw_buf_puts(body, body_tail, e);
}

/* row_find is the value of a state in the answer, or NULL where there is none. */
static const char *
row_find(const PGresult *r, const char *what)
{
	for (int i = 0; i < PQntuples(r); i++) {
		if (strcmp(PQgetvalue(r, i, 0), what) == 0)
			return PQgetvalue(r, i, 1);
	}
	return NULL;
}

/* state_add appends a line where a state is not as it should be. */
static bool
state_add(PGconn *conn, const PGresult *r, size_t i, const char *body, struct tw_buf *out,
          struct tw_err *e)
{
	const char *is = row_find(r, states[i].what);
	const char *should = states[i].should != NULL ? states[i].should : body;

	if (is == NULL)
		return tw_buf_printf(out, e, "%s: %s: absent\n", PQdb(conn), states[i].what);
	if (strcmp(is, should) == 0)
		return true;
	if (states[i].should == NULL)
		return tw_buf_printf(out, e, "%s: %s is another\n", PQdb(conn), states[i].what);
	return tw_buf_printf(out, e, "%s: %s: '%s', not '%s'\n", PQdb(conn), states[i].what, is,
	                     should);
}

bool
tw_lookup_compare(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_buf *out,
                  struct tw_err *e)
{
	struct tw_buf body = TW_BUF_INIT;
	PGresult *r = NULL;
	bool ok = tw_lookup_body(conn, site, &body, e) &&
	          tw_pg_exec(conn, state_sql, deadline, &r, e);

	for (size_t i = 0; ok && i < sizeof(states) / sizeof(*states); i++)
		ok = state_add(conn, r, i, tw_buf_text(&body), out, e);
	PQclear(r);
	tw_buf_free(&body);
	return ok;
}

/* function_create replaces the function: its kind of result cannot be changed in place. */
static bool
function_create(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_err *e)
{
	struct tw_buf body = TW_BUF_INIT, sql = TW_BUF_INIT;
	char *quoted = NULL;
	bool ok = tw_lookup_body(conn, site, &body, e);

	if (ok) {
		quoted = PQescapeLiteral(conn, body.data, body.len);
		ok = quoted != NULL || tw_fail(e, EX_CONFIG, "users[]: a name is not UTF-8");
	}
	ok = ok && tw_buf_printf(&sql, e,
	                         "CREATE FUNCTION twpool.user_lookup(i_username pg_catalog.text) "
	                         "RETURNS TABLE (uname pg_catalog.text, phash pg_catalog.text) "
	                         "LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER "
	                         "SET search_path = pg_catalog, pg_temp AS %s",
	                         quoted) &&
	     tw_pg_exec(conn, sql.data, deadline, NULL, e);
	PQfreemem(quoted);
	tw_buf_free(&sql);
	tw_buf_free(&body);
	return ok;
}

/* all_exec runs statements up to a NULL. */
static bool
all_exec(PGconn *conn, const char *const *sql, tw_ms deadline, struct tw_err *e)
{
	while (*sql != NULL) {
		if (!tw_pg_exec(conn, *sql++, deadline, NULL, e))
			return false;
	}
	return true;
}

/* exists tells whether a query has a row. */
static bool
exists(PGconn *conn, const char *sql, tw_ms deadline, bool *yes, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn, sql, deadline, &r, e);

	if (ok)
		*yes = PQntuples(r) > 0;
	PQclear(r);
	return ok;
}

bool
tw_lookup_own(PGconn *conn, tw_ms deadline, struct tw_err *e)
{
	bool role = false, schema = false, probe = false;

	if (!exists(conn,
	            "SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) "
	            "'twpool_lookup' AND pg_catalog.shobj_description(oid, 'pg_authid') IS DISTINCT "
	            "FROM 'twpool: looks up the secrets of pooled roles'",
	            deadline, &role, e) ||
	    !exists(conn,
	            "SELECT FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) "
	            "'twpool' AND pg_catalog.obj_description(oid, 'pg_namespace') IS DISTINCT "
	            "FROM 'twpool: the lookup of the pooler'",
	            deadline, &schema, e) ||
	    !exists(conn,
	            "SELECT FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) "
	            "'twpool_probe' AND pg_catalog.shobj_description(oid, 'pg_authid') IS DISTINCT "
	            "FROM 'twpool: logs in through the pooler, as a check'",
	            deadline, &probe, e))
		return false;
	if (!role && !schema && !probe)
		return true;
	tw_fail(e, EX_CONFIG, "there is a %s that is not twpool's own",
	        role     ? "role 'twpool_lookup'"
	        : schema ? "schema 'twpool'"
	                 : "role 'twpool_probe'");
	return tw_hint(e, "Rename it, or set auth.method to \"userlist\".");
}

bool
tw_lookup_create(PGconn *conn, const struct tw_site *site, tw_ms deadline, struct tw_err *e)
{
	static const char *const before[] = {
		"SET LOCAL search_path = pg_catalog, pg_temp",
		"SET LOCAL check_function_bodies = on",
		NULL,
	};
	/* A role has no IF NOT EXISTS. */
	static const char *const role_new[] = {
		"CREATE ROLE twpool_lookup",
		"COMMENT ON ROLE twpool_lookup IS 'twpool: looks up the secrets of pooled roles'",
		NULL,
	};
	static const char *const probe_new[] = {
		"CREATE ROLE twpool_probe",
		"COMMENT ON ROLE twpool_probe IS 'twpool: logs in through the pooler, as a check'",
		NULL,
	};
	static const char *const schema_new[] = {
		"CREATE SCHEMA twpool",
		"COMMENT ON SCHEMA twpool IS 'twpool: the lookup of the pooler'",
		NULL,
	};
	static const char *const middle[] = {
		"ALTER ROLE twpool_lookup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT "
		"NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10 PASSWORD NULL",
		"ALTER ROLE twpool_probe LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT "
		"NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 2 PASSWORD NULL",
		"REVOKE ALL ON SCHEMA twpool FROM PUBLIC",
		"GRANT USAGE ON SCHEMA twpool TO twpool_lookup",
		"DROP FUNCTION IF EXISTS twpool.user_lookup(pg_catalog.text)",
		NULL,
	};
	static const char *const after[] = {
		"REVOKE ALL ON FUNCTION twpool.user_lookup(pg_catalog.text) FROM PUBLIC",
		"GRANT EXECUTE ON FUNCTION twpool.user_lookup(pg_catalog.text) TO twpool_lookup",
		NULL,
	};
	bool role = false, schema = false, open = false, probe = false;

	return all_exec(conn, before, deadline, e) && tw_lookup_own(conn, deadline, e) &&
	       exists(conn, "SELECT FROM pg_catalog.pg_roles WHERE rolname = 'twpool_lookup'",
	              deadline, &role, e) &&
	       (role || all_exec(conn, role_new, deadline, e)) &&
	       exists(conn, "SELECT FROM pg_catalog.pg_roles WHERE rolname = 'twpool_probe'",
	              deadline, &probe, e) &&
	       (probe || all_exec(conn, probe_new, deadline, e)) &&
	       exists(conn, "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'twpool'",
	              deadline, &schema, e) &&
	       (schema || all_exec(conn, schema_new, deadline, e)) &&
	       all_exec(conn, middle, deadline, e) && function_create(conn, site, deadline, e) &&
	       all_exec(conn, after, deadline, e) &&
	       exists(conn,
	              "SELECT WHERE pg_catalog.has_database_privilege('twpool_lookup', "
	              "pg_catalog.current_database(), 'CONNECT') AND "
	              "pg_catalog.has_database_privilege('twpool_probe', "
	              "pg_catalog.current_database(), 'CONNECT')",
	              deadline, &open, e) &&
	       (open || tw_pg_exec(conn,
	                           "DO $$ BEGIN EXECUTE pg_catalog.format('GRANT CONNECT ON "
	                           "DATABASE %I TO twpool_lookup, twpool_probe', "
	                           "pg_catalog.current_database()); END $$",
	                           deadline, NULL, e));
}
