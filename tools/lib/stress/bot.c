/* SPDX-License-Identifier: ISC */
/* bot.c: libpq's non-blocking half, one step at a time. */
#include "bot.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* phase_of is what a bot in this state fails at. */
static enum tw_failure_phase
phase_of(enum tw_bot_state state)
{
	if (state == TW_BOT_THINKING)
		return TW_FAILED_IDLE;
	return state == TW_BOT_ASKING ? TW_FAILED_TRANSACTION : TW_FAILED_LOGIN;
}

/* bot_count counts a failure of what the bot does, the first one only. */
static bool
bot_count(struct tw_bot *b, struct tw_failure *what, const struct tw_bot_rules *r, struct tw_err *e)
{
	bool first = !b->failed;

	b->failed = true;
	what->phase = phase_of(b->state);
	return !first || tw_failures_add(&r->tally->failures, what, 1, e);
}

/* bot_fail counts a failure in the words of libpq or the server. */
static bool
bot_fail(struct tw_bot *b, const char *text, const struct tw_bot_rules *r, struct tw_err *e)
{
	struct tw_failure what = { .count = 0 };

	what.class = tw_failure_class(text, what.sqlstate);
	if (!tw_pg_error_text(b->conn, text, what.message, sizeof(what.message)))
		return tw_fail(e, EX_OSERR, "out of memory");
	return bot_count(b, &what, r, e);
}

void
tw_bot_leave(struct tw_bot *b)
{
	PQfinish(b->conn);
	b->conn = NULL;
	b->state = TW_BOT_OUT;
}

/* bot_end ends a bot in these words. */
static bool
bot_end(struct tw_bot *b, const char *text, const struct tw_bot_rules *r, struct tw_err *e)
{
	bool ok = bot_fail(b, text, r, e);

	tw_bot_leave(b);
	return ok;
}

/* bot_lost ends a bot whose connection is gone. */
static bool
bot_lost(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	return bot_end(b, PQerrorMessage(b->conn), r, e);
}

bool
tw_bot_late(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	struct tw_failure what = { .class = "timeout" };
	bool asking = b->state == TW_BOT_ASKING, ok;

	snprintf(what.message, sizeof(what.message), "no answer within %g s",
	         (double)(asking ? r->deadline : r->login_deadline) / 1e6);
	ok = bot_count(b, &what, r, e);
	tw_bot_leave(b);
	return ok;
}

/* words_keep keeps what a server says unasked: the reason, where it hangs up next. */
static void
words_keep(void *bot, const PGresult *notice)
{
	struct tw_bot *b = bot;

	snprintf(b->last_words, sizeof(b->last_words), "%s", PQresultErrorMessage(notice));
}

bool
tw_bot_login(struct tw_bot *b, tw_us now, const struct tw_bot_rules *r, struct tw_err *e)
{
	b->conn = PQconnectStartParams((const char *const *)r->params->keyword,
	                               (const char *const *)r->params->value, 0);
	if (b->conn == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	PQsetErrorVerbosity(b->conn, PQERRORS_VERBOSE); /* the SQLSTATE stands in the text */
	PQsetNoticeReceiver(b->conn, words_keep, b);
	b->state = TW_BOT_CONNECTING;
	b->events = POLLOUT;
	b->since = now;
	b->due = now + r->login_deadline;
	r->tally->attempted++;
	return PQstatus(b->conn) != CONNECTION_BAD || bot_lost(b, r, e);
}

/* bot_flush sends what libpq holds back, and waits for whatever comes next. */
static bool
bot_flush(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	int more = PQflush(b->conn);

	b->events = more == 1 ? POLLIN | POLLOUT : POLLIN;
	return more >= 0 || bot_lost(b, r, e);
}

/* bot_send sends one statement as PQexecParams does, by which most applications send theirs. */
static bool
bot_send(struct tw_bot *b, const char *sql, const struct tw_bot_rules *r, struct tw_err *e)
{
	b->last_words[0] = '\0';
	if (PQsendQueryParams(b->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
		return bot_lost(b, r, e);
	return bot_flush(b, r, e);
}

/* bot_connect takes the connection one step on, and asks the first query once it is there. */
static bool
bot_connect(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	switch (PQconnectPoll(b->conn)) {
	case PGRES_POLLING_READING:
		b->events = POLLIN;
		return true;
	case PGRES_POLLING_OK:
		/* A blocking PQfinish would wait for ever where nobody reads any more. */
		if (PQsetnonblocking(b->conn, 1) != 0)
			return bot_lost(b, r, e);
		b->state = TW_BOT_PROVING;
		return bot_send(b, "SELECT pg_catalog.pg_backend_pid()", r, e);
	case PGRES_POLLING_FAILED:
		return bot_lost(b, r, e);
	default:
		b->events = POLLOUT;
		return true;
	}
}

/* bot_think ends a login or a transaction. */
static void
bot_think(struct tw_bot *b)
{
	b->state = TW_BOT_THINKING;
	b->failed = false;
	b->events = POLLIN;
	b->last_words[0] = '\0';
}

/* bot_proved ends a login. */
static bool
bot_proved(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	if (b->failed) {
		tw_bot_leave(b);
		return true;
	}
	r->tally->logins++;
	if (!tw_latencies_add(&r->tally->login, tw_us_now() - b->since, e))
		return false;
	bot_think(b);
	return true;
}

/* bot_answered goes on after a statement: with the next, with a ROLLBACK, or with thinking. */
static bool
bot_answered(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	PGTransactionStatusType in = PQtransactionStatus(b->conn);
	bool ended = b->statement == r->script->n; /* it was the ROLLBACK */
	tw_us now = tw_us_now();

	if (PQstatus(b->conn) == CONNECTION_BAD)
		return bot_lost(b, r, e);
	if (b->state == TW_BOT_PROVING)
		return bot_proved(b, r, e);
	if (b->failed && !ended && (in == PQTRANS_INERROR || in == PQTRANS_INTRANS)) {
		b->statement = r->script->n;
		return bot_send(b, "ROLLBACK", r, e);
	}
	if (!b->failed && ++b->statement < r->script->n)
		return bot_send(b, r->script->statement[b->statement], r, e);
	if (!b->failed) {
		r->tally->transactions++;
		if (!tw_latencies_add(&r->tally->transaction, now - b->since, e))
			return false;
	}
	bot_think(b);
	return true;
}

/* bot_take judges one result of a statement. */
static bool
bot_take(struct tw_bot *b, const PGresult *result, const struct tw_bot_rules *r, struct tw_err *e)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
		/* PgBouncer hands out a random key in the place of the pid. */
		if (b->state == TW_BOT_PROVING && PQntuples(result) == 1 &&
		    PQnfields(result) == 1) {
			r->tally->known = true;
			r->tally->pooled = strtol(PQgetvalue(result, 0, 0), NULL, 10) !=
			                   PQbackendPID(b->conn);
		}
		return true;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return true;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		return bot_end(b, "COPY is not for a script", r, e);
	default:
		return bot_fail(b, PQresultErrorMessage(result), r, e);
	}
}

/* bot_read takes in what has arrived of an answer. */
static bool
bot_read(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	enum tw_bot_state state = b->state;
	size_t statement = b->statement;
	PGresult *result;
	bool ok = true;

	if (PQconsumeInput(b->conn) != 1)
		return bot_lost(b, r, e);
	while (ok && b->state == state && b->statement == statement && !PQisBusy(b->conn)) {
		result = PQgetResult(b->conn);
		if (result == NULL)
			return bot_answered(b, r, e);
		ok = bot_take(b, result, r, e);
		PQclear(result);
	}
	return ok;
}

/* bot_listen hears a server that speaks, or hangs up, while the bot thinks. */
static bool
bot_listen(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	bool there = PQconsumeInput(b->conn) == 1;

	PQisBusy(b->conn); /* has libpq read it: an error is a notice now */
	if (there && PQstatus(b->conn) != CONNECTION_BAD)
		return true;
	return bot_end(b, *b->last_words ? b->last_words : PQerrorMessage(b->conn), r, e);
}

bool
tw_bot_ask(struct tw_bot *b, tw_us now, const struct tw_bot_rules *r, struct tw_err *e)
{
	b->state = TW_BOT_ASKING;
	b->statement = 0;
	b->since = now;
	b->due = now + r->deadline;
	r->tally->begun++;
	return bot_send(b, r->script->statement[0], r, e);
}

bool
tw_bot_ready(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	switch (b->state) {
	case TW_BOT_CONNECTING:
		return bot_connect(b, r, e);
	case TW_BOT_PROVING:
	case TW_BOT_ASKING:
		if ((b->events & POLLOUT) != 0 && !bot_flush(b, r, e))
			return false;
		return b->state == TW_BOT_OUT || bot_read(b, r, e);
	case TW_BOT_THINKING:
		return bot_listen(b, r, e);
	case TW_BOT_WAITING:
	case TW_BOT_OUT:
		break;
	}
	return true;
}
