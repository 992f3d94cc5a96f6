/* SPDX-License-Identifier: ISC */
/* size_table.c: one number a line, and what it is. */
#include "size_report.h"

/* row_add appends a number and what it is. */
static bool
row_add(struct tw_buf *b, long n, const char *what, struct tw_err *e)
{
	char text[TW_SIZE_NUMBER];

	return tw_buf_printf(b, e, "  %9s  %s\n", tw_size_number(n, text), what);
}

/* status_text is a status as people read it: "TIGHT". */
static const char *
status_text(enum tw_size_status status)
{
	static const char *const texts[] = {
		[TW_SIZE_SAFE] = "SAFE",
		[TW_SIZE_TIGHT] = "TIGHT",
		[TW_SIZE_NOT_KNOWN] = "UNKNOWN",
		[TW_SIZE_OVERSUBSCRIBED] = "OVERSUBSCRIBED",
	};

	return texts[status];
}

/* terms_add appends what one moment adds up. */
static bool
terms_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
          enum tw_size_moment moment, struct tw_err *e)
{
	long others = server->others_reckoned;
	char most[TW_SIZE_NUMBER];

	if (moment == TW_SIZE_ROLLED_BACK)
		return tw_buf_printf(b, e, "direct %ld%s + others %ld\n",
		                     server->state[moment].connections - others,
		                     s->bots >= server->direct ? " (validate.bots)" : "", others);
	if (moment == TW_SIZE_CUT_OVER && !tw_buf_printf(b, e, "direct %ld + ", server->direct))
		return false;
	return tw_buf_printf(b, e, "S %s + others %ld\n", tw_size_number(server->most, most),
	                     others);
}

/* states_add appends a line for each moment. */
static bool
states_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
           struct tw_err *e)
{
	static const char *const labels[] = { "cut-over", "after", "after a rollback" };
	bool ok = true;

	for (enum tw_size_moment i = 0; ok && i < TW_SIZE_MOMENTS; i++) {
		const struct tw_size_state *state = &server->state[i];
		char n[TW_SIZE_NUMBER];

		ok = tw_buf_printf(b, e, "  %9s of %ld  %-16s  %-14s  ",
		                   tw_size_number(state->connections, n), server->usable, labels[i],
		                   status_text(state->status)) &&
		     terms_add(b, s, server, i, e);
	}
	if (ok && server->state[TW_SIZE_CUT_OVER].status == TW_SIZE_OVERSUBSCRIBED &&
	    server->state[TW_SIZE_AFTER].status != TW_SIZE_OVERSUBSCRIBED)
		ok = tw_buf_puts(b,
		                 "  warning: the cut-over fits only because a deploy stops the "
		                 "server first, and its direct connections go\n",
		                 e);
	return ok;
}

/* connections_add appends who is connected now. */
static bool
connections_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
                struct tw_err *e)
{
	bool ok = row_add(b, server->others, "others now", e);

	if (ok && s->others > 0)
		ok = row_add(b, s->others, "others given", e);
	return ok && row_add(b, server->direct, "pooled roles now, past the pooler", e) &&
	       row_add(b, server->pooled,
	               server->pooled == TW_SIZE_UNKNOWN
	                   ? "pooled roles now, through the pooler: it does not answer"
	                   : "pooled roles now, through the pooler",
	               e);
}

/* limits_add appends what a server allows, and its connections; or why that is not known. */
static bool
limits_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
           struct tw_err *e)
{
	if (!server->asked)
		return row_add(b, TW_SIZE_UNKNOWN, "max_connections", e) &&
		       tw_buf_printf(b, e, "  %9s  %s\n", "",
		                     server->error[0] != '\0'
		                         ? server->error
		                         : "not asked: name it with --postgres");
	return row_add(b, server->max_connections, "max_connections", e) &&
	       row_add(b, server->superuser_reserved, "superuser_reserved_connections", e) &&
	       row_add(b, server->reserved, "reserved_connections (since PostgreSQL 16)", e) &&
	       row_add(b, server->usable, "usable", e) && connections_add(b, s, server, e);
}

/* advice_add appends what to change. */
static bool
advice_add(struct tw_buf *b, const struct tw_size *s, size_t server, struct tw_err *e)
{
	struct tw_size_advice a = TW_SIZE_ADVICE_INIT;
	bool ok = tw_size_advise(s, server, &a, e);
	char now[TW_SIZE_NUMBER];

	if (ok && a.n > 0)
		ok = tw_buf_puts(b, "  SAFE with these in site.json:\n", e);
	for (size_t i = 0; ok && i < a.n; i++)
		ok = tw_buf_printf(b, e, "    %s: %ld    (now %s)\n", a.change[i].place,
		                   a.change[i].value, tw_size_number(a.change[i].now, now));
	if (ok && a.max_connections > 0 && a.max_connections < TW_SIZE_UNLIMITED)
		ok = tw_buf_printf(b, e,
		                   "  SAFE %swith max_connections = %ld in postgresql.conf, and a "
		                   "restart of PostgreSQL\n",
		                   a.n > 0 ? "also " : "", a.max_connections);
	tw_size_advice_free(&a);
	return ok;
}

/* notes_add appends what the numbers do not say. */
static bool
notes_add(struct tw_buf *b, const struct tw_size *s, const struct tw_size_server *server,
          struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < s->users; i++) {
		if (server->role[i].superuser)
			ok = tw_buf_printf(
			    b, e,
			    "  warning: %s is a superuser: no CONNECTION LIMIT holds, "
			    "and it takes the reserved connections too\n",
			    s->user[i].name);
	}
	return ok;
}

/* server_add appends one server. */
static bool
server_add(struct tw_buf *b, const struct tw_size *s, size_t index, bool verbose, struct tw_err *e)
{
	const struct tw_size_server *server = &s->server[index];
	bool ok = tw_buf_printf(b, e, "PostgreSQL %s:%ld\n", server->host, server->port) &&
	          limits_add(b, s, server, e);

	return ok && tw_size_table_pools(s, index, verbose, b, e) &&
	       row_add(b, server->most,
	               index == 0 && s->lookup > 0
	                   ? "S, the server connections of all pools at most, and 6 of lookup and probe"
	                   : "S, the server connections of all pools at most",
	               e) &&
	       (!server->asked || states_add(b, s, server, e)) && notes_add(b, s, server, e) &&
	       advice_add(b, s, index, e);
}

/* descriptors_add appends what both processes need. */
static bool
descriptors_add(struct tw_buf *b, const struct tw_size *s, struct tw_err *e)
{
	return tw_buf_puts(b, "Descriptors\n", e) &&
	       tw_buf_printf(b, e,
	                     "  %9ld  the pooler: %ld clients, its pools twice, and 100; set "
	                     "LimitNOFILE=%ld\n",
	                     s->descriptors, s->max_client_conn, s->descriptors_limit) &&
	       tw_buf_printf(b, e,
	                     "  %9ld  the game server: 2 for each of %ld players, and its own "
	                     "files\n",
	                     s->descriptors_server, s->bots);
}

/* verdict_add appends the first line, that of the worst server. */
static bool
verdict_add(struct tw_buf *b, const struct tw_size *s, struct tw_err *e)
{
	size_t i = 0;
	char n[TW_SIZE_NUMBER];
	const struct tw_size_server *server;

	while (s->server[i].state[TW_SIZE_AFTER].status != s->status)
		i++;
	server = &s->server[i];
	if (s->status == TW_SIZE_NOT_KNOWN)
		return tw_buf_printf(b, e, "UNKNOWN: the limits of PostgreSQL at %s:%ld\n",
		                     server->host, server->port);
	return tw_buf_printf(
	    b, e, "%s: %s of %ld usable connections of PostgreSQL at %s:%ld, after the deploy\n",
	    status_text(s->status), tw_size_number(server->state[TW_SIZE_AFTER].connections, n),
	    server->usable, server->host, server->port);
}

bool
tw_size_table(const struct tw_size *s, bool verbose, struct tw_buf *b, struct tw_err *e)
{
	bool ok = verdict_add(b, s, e);

	for (size_t i = 0; ok && i < s->servers; i++)
		ok = server_add(b, s, i, verbose, e);
	ok = ok && descriptors_add(b, s, e);
	if (ok && s->so_reuseport)
		ok = tw_buf_puts(b,
		                 "warning: so_reuseport: with N processes of the pooler, S is N "
		                 "times that\n",
		                 e);
	return ok;
}
