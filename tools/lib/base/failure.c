/* SPDX-License-Identifier: ISC */
/* failure.c: the classes are rows; the first that fits decides. */
#include "failure.h"
#include "pg/pg.h"

#include <stdlib.h>
#include <string.h>

/* Words of the message, a SQLSTATE or its beginning, or neither (which fits everything). */
struct rule {
	const char *words;
	const char *state;
	const char *class;
};

static const struct rule rules[] = {
	/*
	 * PgBouncer's own, src/client.c, janitor.c and objects.c of 1.18 to 1.25. First those that
	 * may quote what the server had said to the pooler.
	 */
	{ "server login has been failing", NULL, "pooler_login_failed" },
	{ "server_login_retry", NULL, "pooler_login_failed" },
	{ "cannot connect to server", NULL, "pooler_login_failed" },
	{ "no more connections allowed", NULL, "pooler_full" },
	{ "max_user_client_connections", NULL, "pooler_full" },
	{ "max_db_client_connections", NULL, "pooler_full" },
	{ "query_wait_timeout", NULL, "query_wait_timeout" },
	{ "client_login_timeout", NULL, "client_login_timeout" },
	{ "client_idle_timeout", NULL, "client_idle_timeout" },
	{ "idle_transaction_timeout", NULL, "idle_transaction_timeout" },
	{ "idle transaction timeout", NULL, "idle_transaction_timeout" },
	{ "query_timeout", NULL, "query_timeout" },
	{ "query timeout", NULL, "query_timeout" },
	{ "transaction_timeout", NULL, "transaction_timeout" },
	{ "server conn crashed", NULL, "server_crashed" },
	{ "no such database", NULL, "no_database" },
	{ "unsupported startup parameter", NULL, "startup_parameter" },
	/* PostgreSQL at its limits; the first is followed by other words since 16. */
	{ "remaining connection slots are reserved", NULL, "slots_reserved" },
	{ "too many clients already", NULL, "too_many_clients" },
	{ "too many connections for role", NULL, "too_many_for_role" },
	{ "too many connections for database", NULL, "too_many_for_database" },
	{ NULL, "53300", "too_many_clients" },
	/* Logins that are refused, and would be again. */
	{ NULL, "28", "authentication" },
	{ "authentication failed", NULL, "authentication" },
	{ "no password supplied", NULL, "authentication" },
	{ "login rejected", NULL, "authentication" },
	{ "no such user", NULL, "authentication" },
	{ "wrong password type", NULL, "authentication" },
	{ NULL, "3D000", "no_database" },
	/* A server that goes or comes. */
	{ "shutting down", NULL, "shutting_down" },
	{ "starting up", NULL, "starting_up" },
	{ NULL, "57P01", "shutting_down" },
	{ NULL, "57P02", "shutting_down" },
	{ NULL, "57P03", "starting_up" },
	{ NULL, "08", "pooler_other" },
	/* Nobody there, and a connection that breaks: libpq's words. */
	{ "Connection refused", NULL, "refused" },
	{ "No such file or directory", NULL, "refused" },
	{ "No route to host", NULL, "unreachable" },
	{ "Network is unreachable", NULL, "unreachable" },
	{ "could not translate host name", NULL, "unreachable" },
	{ "server closed the connection", NULL, "connection_lost" },
	{ "Connection reset", NULL, "connection_lost" },
	{ "Broken pipe", NULL, "connection_lost" },
	{ "no connection to the server", NULL, "connection_lost" },
	{ NULL, NULL, "other" },
};

void
tw_failures_free(struct tw_failures *f)
{
	free(f->item);
	*f = (struct tw_failures)TW_FAILURES_INIT;
}

/*
 * speaks_of_itself tells a statement's own error, whose words may speak of anything, from those of
 * a connection: without SQLSTATE, or of class 08, 28, 3D, 53, 57.
 */
static bool
speaks_of_itself(const char *sqlstate)
{
	static const char *const classes[] = { "08", "28", "3D", "53", "57" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (strncmp(sqlstate, classes[i], 2) == 0)
			return false;
	}
	return sqlstate[0] != '\0';
}

const char *
tw_failure_class(const char *text, char sqlstate[6])
{
	const struct rule *r = rules;

	if (!tw_pg_sqlstate(text, sqlstate))
		sqlstate[0] = '\0';
	if (speaks_of_itself(sqlstate))
		return "sql";
	while ((r->words != NULL && strstr(text, r->words) == NULL) ||
	       (r->state != NULL && strncmp(sqlstate, r->state, strlen(r->state)) != 0))
		r++;
	return r->words == NULL && r->state == NULL && sqlstate[0] != '\0' ? "sql" : r->class;
}

bool
tw_failures_add(struct tw_failures *f, const struct tw_failure *what, long count, struct tw_err *e)
{
	struct tw_failure *grown;

	for (size_t i = 0; i < f->n; i++) {
		struct tw_failure *x = &f->item[i];

		if (strcmp(x->class, what->class) == 0 && x->phase == what->phase &&
		    strcmp(x->sqlstate, what->sqlstate) == 0) {
			x->count += count;
			return true;
		}
	}
	grown = reallocarray(f->item, f->n + 1, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	f->item = grown;
	grown[f->n] = *what;
	grown[f->n++].count = count;
	return true;
}

const struct tw_failure *
tw_failures_most(const struct tw_failures *f, enum tw_failure_phase phase)
{
	const struct tw_failure *most = NULL;

	for (size_t i = 0; i < f->n; i++) {
		if (f->item[i].phase == phase && (most == NULL || f->item[i].count > most->count))
			most = &f->item[i];
	}
	return most;
}

const char *
tw_failure_phase_word(enum tw_failure_phase phase)
{
	static const char *const words[] = {
		[TW_FAILED_LOGIN] = "login",
		[TW_FAILED_TRANSACTION] = "transaction",
		[TW_FAILED_IDLE] = "idle",
	};

	return words[phase];
}
