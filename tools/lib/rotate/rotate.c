/* SPDX-License-Identifier: ISC */
/* rotate.c: everything prepared, then the change, then the proof. */
#include "base/clock.h"
#include "dsn/dsn_password.h"
#include "dsn/dsn_plan.h"
#include "pg/admin.h"
#include "pg/peer.h"
#include "pg/userlist.h"
#include "pg/verify.h"
#include "pooler.h"
#include "rotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For so long the pooler may remember a login that failed while the password changed, in ms. */
#define PROOF_RETRY 10000

/* All that a change needs. */
struct rotation {
	const struct tw_site *site;
	const char *role, *password, *program;
	tw_ms deadline;
	PGconn *pg, *console; /* console: NULL where no pooler runs */
	char *secret;         /* libpq's (PQfreemem) */
	struct tw_prepared userlist;
	size_t n;
	struct tw_prepared *dsn;
	struct tw_err *e;
};

/* list_at is a list of the site. */
static const json_t *
list_at(const struct rotation *r, const char *section, const char *key)
{
	return json_object_get(json_object_get(r->site->root, section), key);
}

/* role_check refuses a role that is not the site's. */
static bool
role_check(const struct rotation *r)
{
	const json_t *user;
	size_t i;

	json_array_foreach (json_object_get(r->site->root, "users"), i, user) {
		if (tw_json_is(user, "name", r->role))
			return true;
	}
	return tw_fail(r->e, EX_USAGE, "'%s' is not among users[] of the site", r->role);
}

/* console_open connects to the console of the running pooler; none running is fine. */
static bool
console_open(struct rotation *r)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	char port[16], host[4096 + 32];
	bool ok;

	snprintf(port, sizeof(port), "%lld", tw_site_integer(r->site, "pgbouncer.listen_port"));
	snprintf(host, sizeof(host), "%s/run/pgbouncer", tw_root());
	ok = tw_pg_params_set(&p, "host", host, r->e) && tw_pg_params_set(&p, "port", port, r->e);
	if (ok && !tw_admin_connect(&p, r->deadline, &r->console, &ignored))
		r->console = NULL;
	tw_pg_params_free(&p);
	return ok;
}

/* postgres_open connects as the superuser, root as the socket's owner. */
static bool
postgres_open(struct rotation *r)
{
	const char *service = tw_site_text(r->site, "auth.superuser_service");
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	char port[16];
	bool ok = tw_pg_params_set(&p, "fallback_application_name", r->program, r->e) &&
	          tw_pg_params_set(&p, "client_encoding", "UTF8", r->e);

	tw_pg_environment_clear(true);
	snprintf(port, sizeof(port), "%lld", tw_site_integer(r->site, "postgres.port"));
	if (*service != '\0')
		ok = ok && tw_pg_params_set(&p, "service", service, r->e);
	else
		ok = ok &&
		     tw_pg_params_set(&p, "host", tw_site_text(r->site, "postgres.socket_directory"),
		                      r->e) &&
		     tw_pg_params_set(&p, "port", port, r->e) &&
		     tw_pg_params_set(&p, "user", tw_site_text(r->site, "postgres.superuser"),
		                      r->e) &&
		     tw_pg_params_set(&p, "dbname", "postgres", r->e);
	ok = ok && tw_peer_connect(&p, r->deadline, &r->pg, r->e);
	tw_pg_params_free(&p);
	return ok || tw_context(r->e, "PostgreSQL's superuser");
}

/* secret_make computes the SCRAM secret here: PostgreSQL never sees the password. */
static bool
secret_make(struct rotation *r)
{
	r->secret = PQencryptPasswordConn(r->pg, r->password, r->role, "scram-sha-256");
	return r->secret != NULL || tw_fail(r->e, EX_SOFTWARE, "libpq computes no SCRAM secret");
}

/* userlist_prepare writes the new userlist beside the pooler's, where it keeps secrets. */
static bool
userlist_prepare(struct rotation *r)
{
	struct tw_buf old = TW_BUF_INIT, new = TW_BUF_INIT;
	char path[4096 + 64];
	struct stat st;
	bool exists = false, found = false, ok;

	if (tw_site_queried(r->site))
		return true;
	snprintf(path, sizeof(path), "%s/etc/pgbouncer/twpool/userlist.txt", tw_root());
	ok = tw_file_status(path, &st, &exists, r->e);
	if (ok && exists)
		ok = tw_file_read(path, TW_FILE_LIMIT, &old, NULL, r->e) &&
		     tw_userlist_set(tw_buf_text(&old), old.len, r->role, r->secret, &new, &found,
		                     r->e) &&
		     (!found || tw_prepared_make(path, new.data, new.len, &r->userlist, r->e));
	tw_buf_free(&old);
	tw_buf_free(&new);
	return ok;
}

/* dsn_prepare writes the new form of one file beside it, where its DSN is that of the role. */
static bool
dsn_prepare(struct rotation *r, const char *locator)
{
	struct tw_dsn_locator l = TW_DSN_LOCATOR_INIT;
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_dsn_wanted any = { 0 };
	struct tw_buf bytes = TW_BUF_INIT, new = TW_BUF_INIT, notes = TW_BUF_INIT;
	struct tw_source src = { 0 };
	const char *user;
	size_t index = 0;
	bool ok = tw_dsn_locator_parse(locator, &l, r->e) &&
	          tw_dsn_load(l.path, false, &bytes, NULL, &list, r->e);

	if (ok) {
		src = (struct tw_source){ l.path, tw_buf_text(&bytes), bytes.len, false };
		ok = tw_dsn_select(&src, &list, &l, &any, &index, &notes, r->e);
	}
	user = ok ? list.item[index].dsn.value[TW_DSN_USER] : NULL;
	if (ok && user != NULL && strcmp(user, r->role) == 0) {
		if (tw_text_compiled(l.path))
			ok = tw_fail(r->e, EX_CONFIG, "'%s' is compiled into the server", locator) ||
			     tw_hint(r->e, "Change its password there and in PostgreSQL, and "
			                   "deploy: that builds and restarts the server.");
		ok = ok &&
		     tw_dsn_password_set(&src, &list.item[index], r->password, &new, r->e) &&
		     tw_prepared_make(l.path, new.data, new.len, &r->dsn[r->n], r->e);
		r->n += ok;
	}
	tw_dsn_list_free(&list);
	tw_dsn_locator_free(&l);
	tw_buf_free(&bytes);
	tw_buf_free(&new);
	tw_buf_free(&notes);
	return ok;
}

/* dsns_prepare does so for all of server.dsn. Two in one file would undo each other. */
static bool
dsns_prepare(struct rotation *r)
{
	const json_t *list = list_at(r, "server", "dsn"), *one;
	bool ok = true;
	size_t i;

	r->dsn = calloc(json_array_size(list) + 1, sizeof(*r->dsn));
	if (r->dsn == NULL)
		return tw_fail(r->e, EX_OSERR, "out of memory");
	json_array_foreach (list, i, one) {
		struct tw_buf locator = TW_BUF_INIT;

		ok = ok &&
		     tw_buf_printf(&locator, r->e, "%s%s/%s", tw_root(),
		                   tw_site_text(r->site, "server.directory"),
		                   json_string_value(one)) &&
		     dsn_prepare(r, locator.data);
		for (size_t k = 0; ok && k + 1 < r->n; k++) {
			if (strcmp(r->dsn[k].name, r->dsn[r->n - 1].name) == 0)
				ok = tw_fail(r->e, EX_CONFIG, "two DSNs of the role in one file: '%s'",
				             json_string_value(one));
		}
		tw_buf_free(&locator);
	}
	return ok;
}

/*
 * role_alter leaves a transaction open in which the role has the new secret. A secret is not for the
 * log, nor for pg_stat_statements, which keeps such statements as they are.
 */
static bool
role_alter(struct rotation *r)
{
	static const char *const quiet[] = {
		"BEGIN",
		"SET LOCAL log_statement = 'none'",
		"SET LOCAL log_min_duration_statement = -1",
		"SET LOCAL log_min_error_statement = 'panic'",
		"SET LOCAL pg_stat_statements.track_utility = off",
	};
	char *role = PQescapeIdentifier(r->pg, r->role, strlen(r->role));
	char *secret = PQescapeLiteral(r->pg, r->secret, strlen(r->secret));
	struct tw_buf sql = TW_BUF_INIT;
	bool ok = (role != NULL && secret != NULL) ||
	          tw_fail(r->e, EX_CONFIG, "the role's name is not UTF-8");

	for (size_t i = 0; ok && i < sizeof(quiet) / sizeof(*quiet); i++)
		ok = tw_pg_exec(r->pg, quiet[i], r->deadline, NULL, r->e);
	ok = ok && tw_buf_printf(&sql, r->e, "ALTER ROLE %s PASSWORD %s", role, secret) &&
	     tw_pg_exec(r->pg, sql.data, r->deadline, NULL, r->e);
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	PQfreemem(role);
	PQfreemem(secret);
	tw_buf_free(&sql);
	return ok;
}

/* change makes the change. The userlist is read at the RELOAD only, so its rename comes first. */
static bool
change(struct rotation *r, struct tw_rotated *done)
{
	long long start;
	bool ok = tw_prepared_publish(&r->userlist, r->e);

	start = tw_clock_us();
	ok = ok && tw_pg_exec(r->pg, "COMMIT", r->deadline, NULL, r->e);
	if (!ok) {
		tw_context(r->e, "PostgreSQL keeps the old password, the userlist may have the "
		                 "new secret");
		return tw_hint(r->e, "Run the rotation again.");
	}
	for (size_t i = 0; ok && i < r->n; i++)
		ok = tw_prepared_publish(&r->dsn[i], r->e);
	ok = ok &&
	     (r->console == NULL || tw_admin_reload(r->console, r->deadline, r->e));
	done->window_ms = (double)(tw_clock_us() - start) / 1e3;
	if (!ok) {
		tw_context(r->e, "PostgreSQL has the new password, not every other place");
		return tw_hint(r->e, "Run the rotation again: it makes another one.");
	}
	return true;
}

/*
 * login_prove logs in through the pooler with the new password. It also gives the pooler the role's
 * new keys for server connections, which it otherwise has from the last login only.
 */
static bool
login_prove(const struct rotation *r, const char *database)
{
	struct tw_pg_params p = TW_PG_PARAMS_INIT;
	struct tw_login login;
	char port[16], host[4096 + 32];
	bool ok;

	snprintf(port, sizeof(port), "%lld", tw_site_integer(r->site, "pgbouncer.listen_port"));
	snprintf(host, sizeof(host), "%s/run/pgbouncer", tw_root());
	ok = tw_pg_params_set(&p, "host", host, r->e) && tw_pg_params_set(&p, "port", port, r->e) &&
	     tw_pg_params_set(&p, "user", r->role, r->e) &&
	     tw_pg_params_set(&p, "dbname", database, r->e) &&
	     tw_pg_params_set(&p, "password", r->password, r->e) &&
	     tw_pg_params_set(&p, "fallback_application_name", r->program, r->e) &&
	     tw_login_retry(&p, PROOF_RETRY, PROOF_RETRY, &login, r->e);
	tw_pg_params_free(&p);
	return ok || tw_context(r->e, "the password is changed; login to '%s' with it", database);
}

/* prove logs in to every database. */
static bool
prove(const struct rotation *r)
{
	const json_t *database;
	size_t i;

	if (r->console == NULL)
		return true;
	json_array_foreach (json_object_get(r->site->root, "databases"), i, database) {
		if (!login_prove(r, json_string_value(json_object_get(database, "name"))))
			return false;
	}
	return true;
}

bool
tw_rotate(const struct tw_site *site, const char *role, const char *password, const char *program,
          tw_ms timeout, struct tw_rotated *done, struct tw_err *e)
{
	struct rotation r = { .site = site,
		              .role = role,
		              .password = password,
		              .program = program,
		              .deadline = tw_pg_now() + timeout,
		              .userlist = TW_PREPARED_INIT,
		              .e = e };
	struct tw_rotated own = { 0 };
	bool ok = role_check(&r) && postgres_open(&r) && console_open(&r) &&
	          tw_rotate_pooler_sound(r.console, r.deadline, e) && secret_make(&r) &&
	          userlist_prepare(&r) && dsns_prepare(&r) && role_alter(&r);

	own.userlist = r.userlist.dir >= 0;
	own.pooler = r.console != NULL;
	own.dsns = r.n;
	ok = ok && change(&r, &own) && prove(&r) && tw_rotate_amend(role, r.secret, e);
	/* The proof takes as long as it takes: what comes after it has its own time. */
	ok = ok && tw_rotate_pooler_same(r.console, tw_pg_now() + timeout, e);
	tw_prepared_free(&r.userlist);
	for (size_t i = 0; i < r.n; i++)
		tw_prepared_free(&r.dsn[i]);
	free(r.dsn);
	if (r.secret != NULL)
		explicit_bzero(r.secret, strlen(r.secret));
	PQfreemem(r.secret);
	PQfinish(r.pg);
	PQfinish(r.console);
	if (ok)
		*done = own;
	return ok;
}
