/* SPDX-License-Identifier: ISC */
/* client.c: libpq's non-blocking half in the words of wire.h, and the choice between the two. */
#include "client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* pg_lost tells that libpq's connection is gone, with the server's last words if there were any. */
static bool
pg_lost(struct tw_client *c, const struct tw_wire_ear *ear, struct tw_err *e)
{
	char words[TW_WIRE_WORDS];

	snprintf(words, sizeof(words), "%s",
	         c->last_said != NULL ? c->last_said : PQerrorMessage(c->pg));
	return ear->hear(ear->owner, TW_WIRE_LOST, words, e);
}

/* said_keep keeps what a server says unasked: the reason, where it hangs up next. */
static void
said_keep(void *client, const PGresult *notice)
{
	struct tw_client *c = client;

	free(c->last_said);
	c->last_said = strdup(PQresultErrorMessage(notice));
}

/* said_forget forgets it. */
static void
said_forget(struct tw_client *c)
{
	free(c->last_said);
	c->last_said = NULL;
}

/* pg_open begins to connect with libpq. */
static bool
pg_open(struct tw_client *c, const struct tw_clients *all, const struct tw_wire_ear *ear,
        struct tw_err *e)
{
	c->pg = PQconnectStartParams((const char *const *)all->params->keyword,
	                             (const char *const *)all->params->value, 0);
	if (c->pg == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE); /* the SQLSTATE stands in the text */
	PQsetNoticeReceiver(c->pg, said_keep, c);
	c->up = false;
	c->events = POLLOUT;
	return PQstatus(c->pg) != CONNECTION_BAD || pg_lost(c, ear, e);
}

/* pg_connect takes the connection one step on. */
static bool
pg_connect(struct tw_client *c, const struct tw_wire_ear *ear, struct tw_err *e)
{
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		c->events = POLLIN;
		return true;
	case PGRES_POLLING_OK:
		/* A blocking PQfinish would wait for ever where nobody reads any more. */
		if (PQsetnonblocking(c->pg, 1) != 0)
			return pg_lost(c, ear, e);
		c->up = true;
		c->events = POLLIN;
		return ear->hear(ear->owner, TW_WIRE_UP, "", e);
	case PGRES_POLLING_FAILED:
		return pg_lost(c, ear, e);
	default:
		c->events = POLLOUT;
		return true;
	}
}

/* pg_flush sends what libpq holds back, and waits for whatever comes next. */
static bool
pg_flush(struct tw_client *c, const struct tw_wire_ear *ear, struct tw_err *e)
{
	int more = PQflush(c->pg);

	c->events = more == 1 ? POLLIN | POLLOUT : POLLIN;
	return more >= 0 || pg_lost(c, ear, e);
}

/* pg_take tells what one result of a statement is. */
static bool
pg_take(const PGresult *result, const struct tw_wire_ear *ear, struct tw_err *e)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
		return PQntuples(result) == 0 || PQnfields(result) == 0 ||
		       ear->hear(ear->owner, TW_WIRE_VALUE, PQgetvalue(result, 0, 0), e);
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return true;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		return ear->hear(ear->owner, TW_WIRE_COPY, "", e);
	default:
		return ear->hear(ear->owner, TW_WIRE_ERROR, PQresultErrorMessage(result), e);
	}
}

/* pg_answer takes in what has arrived of an answer. */
static bool
pg_answer(struct tw_client *c, const struct tw_wire_ear *ear, struct tw_err *e)
{
	bool ok = true;

	while (ok && c->pg != NULL && !PQisBusy(c->pg)) {
		PGresult *result = PQgetResult(c->pg);

		if (result == NULL)
			return PQstatus(c->pg) == CONNECTION_BAD
			           ? pg_lost(c, ear, e)
			           : ear->hear(ear->owner, TW_WIRE_DONE, "", e);
		ok = pg_take(result, ear, e);
		PQclear(result);
	}
	return ok;
}

/* pg_ready does what the socket allows. */
static bool
pg_ready(struct tw_client *c, const struct tw_wire_ear *ear, struct tw_err *e)
{
	bool idle;

	if (!c->up)
		return pg_connect(c, ear, e);
	if ((c->events & POLLOUT) != 0 && !pg_flush(c, ear, e))
		return false;
	if (c->pg == NULL)
		return true;
	idle = PQtransactionStatus(c->pg) != PQTRANS_ACTIVE;
	if (PQconsumeInput(c->pg) != 1)
		return pg_lost(c, ear, e);
	if (!idle)
		return pg_answer(c, ear, e);
	PQisBusy(c->pg); /* has libpq read it: an error is a notice now */
	return PQstatus(c->pg) != CONNECTION_BAD || pg_lost(c, ear, e);
}

/* pg_query sends one statement with libpq. */
static bool
pg_query(struct tw_client *c, const struct tw_clients *all, const struct tw_wire_ear *ear,
         const char *sql, struct tw_err *e)
{
	int sent = all->simple ? PQsendQuery(c->pg, sql)
	                       : PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0);

	said_forget(c);
	return sent == 1 ? pg_flush(c, ear, e) : pg_lost(c, ear, e);
}

bool
tw_client_open(struct tw_client *c, const struct tw_clients *all, const struct tw_wire_ear *ear,
               struct tw_err *e)
{
	return all->kind == TW_CLIENT_LIBPQ ? pg_open(c, all, ear, e)
	                                    : tw_wire_open(&c->wire, all->target, ear, e);
}

bool
tw_client_ready(struct tw_client *c, const struct tw_clients *all, const struct tw_wire_ear *ear,
                struct tw_err *e)
{
	if (all->kind == TW_CLIENT_LIBPQ)
		return c->pg == NULL || pg_ready(c, ear, e);
	return tw_wire_ready(&c->wire, all->target, ear, e);
}

bool
tw_client_query(struct tw_client *c, const struct tw_clients *all, const struct tw_wire_ear *ear,
                const char *sql, struct tw_err *e)
{
	return all->kind == TW_CLIENT_LIBPQ ? pg_query(c, all, ear, sql, e)
	                                    : tw_wire_query(&c->wire, sql, !all->simple, e);
}

int
tw_client_socket(const struct tw_client *c)
{
	if (c->pg != NULL)
		return PQsocket(c->pg);
	return c->wire.state == TW_WIRE_CLOSED ? -1 : c->wire.fd;
}

short
tw_client_events(const struct tw_client *c)
{
	return c->pg != NULL ? c->events : c->wire.events;
}

long
tw_client_pid(const struct tw_client *c)
{
	return c->pg != NULL ? PQbackendPID(c->pg) : (int32_t)c->wire.pid;
}

bool
tw_client_in_transaction(const struct tw_client *c)
{
	PGTransactionStatusType in;

	if (c->pg == NULL)
		return c->wire.transaction == 'T' || c->wire.transaction == 'E';
	in = PQtransactionStatus(c->pg);
	return in == PQTRANS_INERROR || in == PQTRANS_INTRANS;
}

const char *
tw_client_secret(const struct tw_client *c, const struct tw_clients *all)
{
	return c->pg != NULL ? PQpass(c->pg) : all->target != NULL ? all->target->password : NULL;
}

bool
tw_client_cancel(struct tw_client *c, const struct tw_clients *all)
{
	char error[256];
	PGcancel *cancel;
	bool ok;

	if (c->pg == NULL)
		return tw_wire_cancel(&c->wire, all->target);
	cancel = PQgetCancel(c->pg);
	ok = cancel != NULL && PQcancel(cancel, error, sizeof(error)) == 1;
	PQfreeCancel(cancel);
	return ok;
}

void
tw_client_close(struct tw_client *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
	said_forget(c);
	tw_wire_close(&c->wire);
}
