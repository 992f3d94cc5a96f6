/* SPDX-License-Identifier: ISC */
/* bot.c: from one event of its connection to the next. */
#include "bot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bot and its rules, for the ear of the connection. */
struct hearing {
	struct tw_bot *bot;
	struct tw_bot_rules *rules;
};

static bool bot_hear(void *owner, enum tw_wire_event event, const char *words, struct tw_err *e);

/* working tells whether a transaction is under way. */
static bool
working(const struct tw_bot *b)
{
	return b->state == TW_BOT_ASKING || b->state == TW_BOT_SLEEPING;
}

/* phase_of is what a bot in this state fails at. */
static enum tw_failure_phase
phase_of(const struct tw_bot *b)
{
	if (b->state == TW_BOT_THINKING)
		return TW_FAILED_IDLE;
	return working(b) ? TW_FAILED_TRANSACTION : TW_FAILED_LOGIN;
}

/* bot_count counts a failure of what the bot does, the first one only. */
static bool
bot_count(struct tw_bot *b, struct tw_failure *what, const struct tw_bot_rules *r, struct tw_err *e)
{
	bool first = !b->failed;

	b->failed = true;
	what->phase = phase_of(b);
	return !first || tw_failures_add(&r->tally->failures, what, 1, e);
}

/* bot_fail counts a failure in the words of the client or the server. */
static bool
bot_fail(struct tw_bot *b, const char *text, const struct tw_bot_rules *r, struct tw_err *e)
{
	struct tw_failure what = { .count = 0 };

	what.class = tw_failure_class(text, what.sqlstate);
	if (!tw_pg_words(tw_client_secret(&b->client, &r->clients), text, what.message,
	                 sizeof(what.message)))
		return tw_fail(e, EX_OSERR, "out of memory");
	return bot_count(b, &what, r, e);
}

void
tw_bot_leave(struct tw_bot *b)
{
	tw_client_close(&b->client);
	free(b->variable);
	b->variable = NULL;
	b->state = TW_BOT_OUT;
}

/*
 * page_end notes in the ledger what became of a transaction that did not commit: before its last
 * command was sent nothing can have.
 */
static void
page_end(const struct tw_bot *b, const struct tw_bot_rules *r)
{
	if (r->ledger != NULL && b->serial >= 0 && b->command + 1 < r->script->n)
		tw_ledger_end(r->ledger, b->number, b->serial, TW_LEDGER_GIVEN_UP);
}

/* bot_gone ends a connection; the bot comes back for its next transaction where it may. */
static void
bot_gone(struct tw_bot *b, const struct tw_bot_rules *r)
{
	if (working(b))
		page_end(b, r);
	b->serial = -1;
	if (!(r->come_back || r->reconnect) || !b->proved) {
		tw_bot_leave(b);
		return;
	}
	tw_client_close(&b->client);
	b->state = TW_BOT_THINKING;
	b->failed = false;
}

/* bot_end ends a connection in these words. */
static bool
bot_end(struct tw_bot *b, const char *text, const struct tw_bot_rules *r, struct tw_err *e)
{
	bool ok = bot_fail(b, text, r, e);

	bot_gone(b, r);
	return ok;
}

/* bot_late ends a connection on which no answer came. */
static bool
bot_late(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	struct tw_failure what = { .class = "timeout" };
	bool ok;

	snprintf(what.message, sizeof(what.message), "no answer within %g s",
	         (double)(working(b) ? r->deadline : r->login_deadline) / 1e6);
	ok = bot_count(b, &what, r, e);
	bot_gone(b, r);
	return ok;
}

/* bot_connect begins to connect. */
static bool
bot_connect(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	struct hearing h = { b, r };
	struct tw_wire_ear ear = { bot_hear, &h };

	b->state = TW_BOT_CONNECTING;
	b->failed = false;
	b->late = b->due = tw_us_now() + r->login_deadline;
	return tw_client_open(&b->client, &r->clients, &ear, e);
}

/* bot_send sends one statement. */
static bool
bot_send(struct tw_bot *b, const char *sql, struct tw_bot_rules *r, struct tw_err *e)
{
	struct hearing h = { b, r };
	struct tw_wire_ear ear = { bot_hear, &h };

	return tw_client_query(&b->client, &r->clients, &ear, sql, e);
}

/* variables_make gives a bot the first values of its variables. */
static bool
variables_make(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	b->random = 0x9e3779b97f4a7c15 * (b->number + 1);
	b->serial = -1;
	b->variable = calloc(r->script->variables, sizeof(*b->variable));
	if (b->variable == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	memcpy(b->variable, r->script->initial, r->script->variables * sizeof(*b->variable));
	b->variable[0] = (int64_t)b->number;
	return true;
}

bool
tw_bot_login(struct tw_bot *b, tw_us since, struct tw_bot_rules *r, struct tw_err *e)
{
	b->since = since;
	r->tally->attempted++;
	return variables_make(b, r, e) && bot_connect(b, r, e);
}

/* bot_think ends a login or a transaction. */
static void
bot_think(struct tw_bot *b, const struct tw_bot_rules *r)
{
	b->state = TW_BOT_THINKING;
	b->failed = false;
	b->serial = -1;
	if (r->reconnect)
		tw_client_close(&b->client);
}

/* bot_proved ends a login. */
static bool
bot_proved(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	if (b->failed) {
		bot_gone(b, r);
		return true;
	}
	b->proved = true;
	r->tally->logins++;
	if (!tw_latencies_add(&r->tally->login, tw_us_now() - b->since, e))
		return false;
	bot_think(b, r);
	return true;
}

/* bot_succeeded ends a transaction. */
static bool
bot_succeeded(struct tw_bot *b, const struct tw_bot_rules *r, struct tw_err *e)
{
	if (r->ledger != NULL)
		tw_ledger_end(r->ledger, b->number, b->serial, TW_LEDGER_COMMITTED);
	if (b->counts) {
		r->tally->transactions++;
		if (!tw_latencies_add(&r->tally->transaction, tw_us_now() - b->since, e))
			return false;
	}
	bot_think(b, r);
	return true;
}

/* statement_send sends the script's next statement. */
static bool
statement_send(struct tw_bot *b, const struct tw_step *c, struct tw_bot_rules *r,
               struct tw_err *e)
{
	b->state = TW_BOT_ASKING;
	b->due = b->late;
	b->cancelled = false;
	b->cancel_at = b->cancel_after > 0 ? tw_us_now() + b->cancel_after : 0;
	b->cancel_after = 0;
	if (b->cancel_at > 0 && b->cancel_at < b->due)
		b->due = b->cancel_at;
	if (!c->holes)
		return bot_send(b, c->text, r, e);
	r->sql.len = 0;
	return tw_script_fill(r->script, c->text, b->variable, &r->sql, e) &&
	       bot_send(b, tw_buf_text(&r->sql), r, e);
}

/* script_go runs commands from the present one on, until one has to be waited for. */
static bool
script_go(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	struct tw_err own = TW_ERR_INIT;
	char words[sizeof(own.msg) + 16];

	for (; b->command < r->script->n; b->command++) {
		const struct tw_step *c = &r->script->command[b->command];
		int64_t x = 0;

		if (c->kind == TW_STEP_SQL)
			return statement_send(b, c, r, e);
		if (!tw_expression(r->script, c->text, b->variable, &b->random, &x, &own)) {
			snprintf(words, sizeof(words), "script: %s", own.msg);
			return bot_end(b, words, r, e);
		}
		if (c->kind == TW_STEP_SET) {
			b->variable[c->variable] = x;
		} else if (c->kind == TW_STEP_CANCEL) {
			b->cancel_after = x * c->unit_us;
		} else if (x > 0) {
			b->state = TW_BOT_SLEEPING;
			b->due = tw_us_now() + x * c->unit_us;
			b->due = b->due < b->late ? b->due : b->late;
			return true;
		}
	}
	return bot_succeeded(b, r, e);
}

/* script_begin begins a transaction on a connection that is there. */
static bool
script_begin(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	b->state = TW_BOT_ASKING;
	b->command = 0;
	b->cancel_after = 0;
	b->late = b->due = tw_us_now() + r->deadline;
	if (r->ledger != NULL) {
		if (!tw_ledger_begin(r->ledger, b->number, &b->serial, e))
			return false;
		b->variable[2] = b->serial;
	}
	return script_go(b, r, e);
}

bool
tw_bot_ask(struct tw_bot *b, tw_us since, struct tw_bot_rules *r, struct tw_err *e)
{
	b->since = since;
	b->counts = since >= r->counts_from;
	b->failed = false;
	r->tally->begun += b->counts;
	if (tw_client_socket(&b->client) >= 0)
		return script_begin(b, r, e);
	r->tally->relogins++;
	return bot_connect(b, r, e);
}

/* bot_up goes on when the connection is there: proves a first login, or begins what it is for. */
static bool
bot_up(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	if (b->proved)
		return script_begin(b, r, e);
	b->state = TW_BOT_PROVING;
	return bot_send(b, "SELECT pg_catalog.pg_backend_pid()", r, e);
}

/* bot_answered goes on after a statement: with the next, with a ROLLBACK, or with thinking. */
static bool
bot_answered(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	bool ended = b->command == r->script->n; /* it was the ROLLBACK */

	if (b->state == TW_BOT_PROVING)
		return bot_proved(b, r, e);
	if (b->failed && !ended && tw_client_in_transaction(&b->client)) {
		page_end(b, r);
		b->command = r->script->n;
		return bot_send(b, "ROLLBACK", r, e);
	}
	if (b->failed) {
		bot_think(b, r);
		return true;
	}
	b->command++;
	return script_go(b, r, e);
}

/* bot_error judges an error of a statement: one that was asked for is none. */
static bool
bot_error(struct tw_bot *b, const char *words, const struct tw_bot_rules *r, struct tw_err *e)
{
	char state[6];

	if (b->cancelled && tw_pg_sqlstate(words, state) && strcmp(state, "57014") == 0)
		return true;
	return bot_fail(b, words, r, e);
}

/* bot_hear is the ear of all bots. */
static bool
bot_hear(void *owner, enum tw_wire_event event, const char *words, struct tw_err *e)
{
	const struct hearing *h = owner;
	struct tw_bot *b = h->bot;
	struct tw_bot_rules *r = h->rules;

	switch (event) {
	case TW_WIRE_UP:
		return bot_up(b, r, e);
	case TW_WIRE_VALUE:
		/* PgBouncer hands out a random key in the place of the pid. */
		if (b->state == TW_BOT_PROVING) {
			r->tally->known = true;
			r->tally->pooled = strtol(words, NULL, 10) != tw_client_pid(&b->client);
		}
		return true;
	case TW_WIRE_NOTICE:
		return true;
	case TW_WIRE_ERROR:
		return bot_error(b, words, r, e);
	case TW_WIRE_COPY:
		return bot_end(b, "COPY is not for a script", r, e);
	case TW_WIRE_DONE:
		return bot_answered(b, r, e);
	case TW_WIRE_LOST:
		return bot_end(b, words, r, e);
	}
	return true;
}

bool
tw_bot_ready(struct tw_bot *b, struct tw_bot_rules *r, struct tw_err *e)
{
	struct hearing h = { b, r };
	struct tw_wire_ear ear = { bot_hear, &h };

	return tw_client_ready(&b->client, &r->clients, &ear, e);
}

bool
tw_bot_due(struct tw_bot *b, tw_us now, struct tw_bot_rules *r, struct tw_err *e)
{
	if (b->state == TW_BOT_SLEEPING && now < b->late) {
		b->command++;
		return script_go(b, r, e);
	}
	if (b->state == TW_BOT_ASKING && b->cancel_at > 0 && now < b->late) {
		b->cancelled = tw_client_cancel(&b->client, &r->clients);
		b->cancel_at = 0;
		b->due = b->late;
		return true;
	}
	return bot_late(b, r, e);
}
