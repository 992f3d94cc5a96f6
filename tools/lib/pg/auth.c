/* SPDX-License-Identifier: ISC */
/* auth.c: asks pg_authid and judges. */
#include "auth.h"
#include "superuser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each row of the answer is: name, letters of flags, secret, and the server's version and
 * max_connections; each ended by NUL. */
#define ROW_FIELDS 5

void
tw_roles_free(struct tw_roles *roles)
{
	for (size_t i = 0; i < roles->n; i++) {
		free(roles->item[i].name);
		if (roles->item[i].secret != NULL)
			explicit_bzero(roles->item[i].secret, strlen(roles->item[i].secret));
		free(roles->item[i].secret);
	}
	free(roles->item);
	*roles = (struct tw_roles)TW_ROLES_INIT;
}

const char *
tw_role_problem_text(unsigned bit, const char **fix)
{
	static const struct {
		enum tw_role_problem bit;
		const char *text, *fix;
	} rows[] = {
		{ TW_ROLE_ABSENT, "does not exist", "create it, or take it out of users[]" },
		{ TW_ROLE_NOLOGIN, "cannot log in", "ALTER ROLE ... LOGIN" },
		{ TW_ROLE_EXPIRED, "has expired",
		  "ALTER ROLE ... VALID UNTIL 'infinity', or a later day" },
		{ TW_ROLE_NO_PASSWORD, "has no password", "set one with \\password in psql" },
		{ TW_ROLE_MD5, "has an md5 secret",
		  "set password_encryption = 'scram-sha-256' and set its password again" },
		{ TW_ROLE_UNKNOWN_SECRET, "has a secret of an unknown kind",
		  "set password_encryption = 'scram-sha-256' and set its password again" },
		{ TW_ROLE_SUPERUSER, "is a superuser",
		  "pool an ordinary role, or name it in the list auth.allow_superuser" },
		{ TW_ROLE_REPLICATION, "may replicate",
		  "ALTER ROLE ... NOREPLICATION: the lookup hands out no such role's secret" },
		{ TW_ROLE_BYPASSRLS, "bypasses row security",
		  "ALTER ROLE ... NOBYPASSRLS: the lookup hands out no such role's secret" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].bit == bit) {
			*fix = rows[i].fix;
			return rows[i].text;
		}
	}
	*fix = "";
	return "is not understood";
}

/* secret_problem judges the secret of a role: only SCRAM can be passed through by PgBouncer. */
static unsigned
secret_problem(const char *secret)
{
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=$:";

	if (*secret == '\0')
		return TW_ROLE_NO_PASSWORD;
	if (strncmp(secret, "md5", 3) == 0)
		return TW_ROLE_MD5;
	if (strncmp(secret, "SCRAM-SHA-256$", 14) != 0 ||
	    strspn(secret + 14, base64) != strlen(secret + 14))
		return TW_ROLE_UNKNOWN_SECRET;
	return 0;
}

/* superuser_allowed tells whether auth.allow_superuser names a role, or is true, as 0.2.0 had it. */
static bool
superuser_allowed(const struct tw_site *site, const char *role)
{
	const json_t *allow = json_object_get(json_object_get(site->root, "auth"),
	                                      "allow_superuser");
	const json_t *one;
	size_t i;

	if (json_is_true(allow))
		return true;
	json_array_foreach (allow, i, one) {
		if (strcmp(json_string_value(one), role) == 0)
			return true;
	}
	return false;
}

/* role_judge fills in the problems from the answer's flags. */
static void
role_judge(struct tw_role *role, const char *flags, const struct tw_site *site)
{
	if (strchr(flags, 'a') != NULL) {
		role->problems = TW_ROLE_ABSENT;
		return;
	}
	role->problems = secret_problem(role->secret);
	if (strchr(flags, 'n') != NULL)
		role->problems |= TW_ROLE_NOLOGIN;
	if (strchr(flags, 'e') != NULL)
		role->problems |= TW_ROLE_EXPIRED;
	if (strchr(flags, 's') != NULL && !superuser_allowed(site, role->name))
		role->problems |= TW_ROLE_SUPERUSER;
	if (tw_site_queried(site) && strchr(flags, 'r') != NULL)
		role->problems |= TW_ROLE_REPLICATION;
	if (tw_site_queried(site) && strchr(flags, 'b') != NULL)
		role->problems |= TW_ROLE_BYPASSRLS;
}

/*
 * query_text writes the question. Names are compared as text: a comparison with the type name
 * would cut a long one to 63 bytes and could find another role. Everything is qualified, because
 * the superuser's search_path is not ours.
 */
static bool
query_text(PGconn *conn, const json_t *users, struct tw_buf *sql, struct tw_err *e)
{
	size_t i;
	json_t *user;
	bool ok = tw_buf_puts(
	    sql,
	    "SELECT w.name, CASE WHEN a.rolname IS NULL THEN 'a' ELSE "
	    "pg_catalog.concat(CASE WHEN a.rolcanlogin THEN '' ELSE 'n' END, "
	    "CASE WHEN a.rolvaliduntil OPERATOR(pg_catalog.<=) pg_catalog.now() THEN 'e' END, "
	    "CASE WHEN a.rolsuper THEN 's' END, CASE WHEN a.rolreplication THEN 'r' END, "
	    "CASE WHEN a.rolbypassrls THEN 'b' END) END, a.rolpassword, "
	    "pg_catalog.current_setting('server_version'), "
	    "pg_catalog.current_setting('max_connections') FROM (VALUES ",
	    e);

	json_array_foreach (users, i, user) {
		const char *name = json_string_value(json_object_get(user, "name"));
		char *quoted = PQescapeLiteral(conn, name, strlen(name));

		ok = ok &&
		     (quoted != NULL ? tw_buf_printf(sql, e, "%s(%zu, %s::pg_catalog.text)",
		                                     i > 0 ? ", " : "", i, quoted)
		                     : tw_fail(e, EX_CONFIG, "users[%zu].name: not UTF-8", i));
		PQfreemem(quoted);
	}
	return ok &&
	       tw_buf_puts(sql,
	                   ") AS w (i, name) LEFT JOIN pg_catalog.pg_authid AS a ON "
	                   "a.rolname::pg_catalog.text OPERATOR(pg_catalog.=) w.name ORDER BY w.i",
	                   e);
}

/* rows_ask asks and appends the answer to `rows`. */
static bool
rows_ask(PGconn *conn, const void *users, tw_ms deadline, struct tw_buf *rows, struct tw_err *e)
{
	struct tw_buf sql = TW_BUF_INIT;
	PGresult *r = NULL;
	bool ok = query_text(conn, users, &sql, e) &&
	          tw_pg_exec(conn, tw_buf_text(&sql), deadline, &r, e);

	for (int i = 0; ok && i < PQntuples(r); i++) {
		for (int f = 0; ok && f < ROW_FIELDS; f++)
			ok = tw_buf_add(rows, PQgetvalue(r, i, f), (size_t)PQgetlength(r, i, f) + 1,
			                e);
	}
	for (int i = 0; r != NULL && i < PQntuples(r); i++)
		explicit_bzero(PQgetvalue(r, i, 2), (size_t)PQgetlength(r, i, 2));
	PQclear(r);
	tw_buf_free(&sql);
	return ok;
}

/* rows_read turns the answer into roles. */
static bool
rows_read(const struct tw_buf *rows, const struct tw_site *site, struct tw_roles *roles,
          struct tw_err *e)
{
	const char *at = tw_buf_text(rows), *end = at + rows->len;

	while (at < end) {
		const char *name = at, *flags = name + strlen(name) + 1;
		const char *secret = flags + strlen(flags) + 1;
		const char *version = secret + strlen(secret) + 1;
		const char *max = version + strlen(version) + 1;
		struct tw_role *grown = realloc(roles->item, (roles->n + 1) * sizeof(*grown));

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		roles->item = grown;
		grown[roles->n] = (struct tw_role){ strdup(name), strdup(secret), 0 };
		roles->n++;
		if (!grown[roles->n - 1].name || !grown[roles->n - 1].secret)
			return tw_fail(e, EX_OSERR, "out of memory");
		role_judge(&grown[roles->n - 1], flags, site);
		snprintf(roles->server_version, sizeof(roles->server_version), "%s", version);
		roles->max_connections = strtol(max, NULL, 10);
		at = max + strlen(max) + 1;
	}
	return true;
}

bool
tw_roles_fetch(const struct tw_site *site, const char *program, tw_ms deadline,
               struct tw_roles *roles, struct tw_err *e)
{
	const json_t *users = json_object_get(site->root, "users");
	struct tw_roles own = TW_ROLES_INIT;
	struct tw_buf rows = TW_BUF_INIT;
	bool ok = tw_superuser_do(site, program, NULL, rows_ask, users, deadline, &rows, e);

	ok = ok && rows_read(&rows, site, &own, e);
	if (ok && own.n != json_array_size(users))
		ok = tw_fail(e, EX_SOFTWARE, "PostgreSQL answered %zu rows for %zu roles", own.n,
		             json_array_size(users));
	tw_buf_free(&rows);
	if (ok)
		*roles = own;
	else
		tw_roles_free(&own);
	return ok || tw_context(e, "ask PostgreSQL for its roles");
}
