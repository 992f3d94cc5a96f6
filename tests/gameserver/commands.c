/* SPDX-License-Identifier: ISC */
#include "commands.h"
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct command {
	const char *name;
	bool (*run)(const struct command *, struct gs_player *, const json_t *request,
	            json_t *answer, struct gs_err *);
	/* For play(): $1 is the player's id, $2 the integer under `argument`. */
	const char *argument;
	long long min, max;
	const struct gs_statement *statements;
	size_t count;
};

static const struct gs_statement info_statements[] = {
	{ "SELECT name, sector, balance FROM players WHERE id = $1::bigint", 1 },
	{ "SELECT count(*) AS deposits FROM ledger WHERE player = $1::bigint AND id > ("
	  "SELECT max(id) - 100 FROM ledger)",
	  1 },
};

static const struct gs_statement move_statements[] = {
	{ "SELECT sector AS from_sector FROM players WHERE id = $1::bigint FOR UPDATE", 1 },
	{ "UPDATE players SET sector = $2::bigint WHERE id = $1::bigint RETURNING sector", 2 },
};

static const struct gs_statement deposit_statements[] = {
	{ "SELECT 1 FROM players WHERE id = $1::bigint FOR UPDATE", 1 },
	{ "INSERT INTO ledger (player, amount) VALUES ($1::bigint, $2::bigint)", 2 },
	{ "UPDATE players SET balance = balance + $2::bigint WHERE id = $1::bigint"
	  " RETURNING balance",
	  2 },
};

static bool
login(const struct command *self, struct gs_player *player, const json_t *request, json_t *answer,
      struct gs_err *e)
{
	(void)self;
	if (player->logged_in)
		return gs_fail(e, EX_USAGE, "already logged in");
	if (!gs_auth_login(player, json_string_value(json_object_get(request, "name")), e)) {
		player->leaving = e->exit == EX_NOPERM;
		return false;
	}
	gs_auth_log_success(player, "session");
	json_object_set_new(answer, "player", json_integer(player->id));
	return true;
}

static bool
logout(const struct command *self, struct gs_player *player, const json_t *request, json_t *answer,
       struct gs_err *e)
{
	(void)self;
	(void)request;
	(void)answer;
	(void)e;
	player->leaving = true;
	return true;
}

/* play runs the command's statements in one transaction of the player's connection. */
static bool
play(const struct command *self, struct gs_player *player, const json_t *request, json_t *answer,
     struct gs_err *e)
{
	if (!player->logged_in)
		return gs_fail(e, EX_USAGE, "not logged in");

	const json_t *given = self->argument ? json_object_get(request, self->argument) : NULL;
	long long value = json_integer_value(given);
	if (self->argument && (!json_is_integer(given) || value < self->min || value > self->max))
		return gs_fail(e, EX_DATAERR, "%s: an integer from %lld to %lld", self->argument,
		               self->min, self->max);

	char id[24], argument[24];
	snprintf(id, sizeof id, "%lld", player->id);
	snprintf(argument, sizeof argument, "%lld", value);
	const char *const params[] = { id, argument };
	bool ok = gs_db_transaction(&player->db, self->statements, self->count, params,
	                            player->source->think_ms, answer, e);
	if (!ok)
		gs_log(GS_ERROR, "DB error in %s of player '%s': %s", self->name, player->name,
		       e->msg);
	return ok;
}

static const struct command commands[] = {
	{ "auth.login", login, NULL, 0, 0, NULL, 0 },
	{ "player.info", play, NULL, 0, 0, info_statements, COUNT(info_statements) },
	{ "sector.move", play, "sector", 1, 5000, move_statements, COUNT(move_statements) },
	{ "bank.deposit", play, "amount", 1, 1000000, deposit_statements,
	  COUNT(deposit_statements) },
	{ "player.logout", logout, NULL, 0, 0, NULL, 0 },
};

static bool
obey(struct gs_player *player, const json_t *request, json_t *answer, struct gs_err *e)
{
	const char *name = json_string_value(json_object_get(request, "command"));
	for (size_t i = 0; name && i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(&commands[i], player, request, answer, e);
	return gs_fail(e, EX_USAGE, "unknown command");
}

/* refused makes answer the refusal that it is, dropping what a failed command left in it. */
static void
refused(json_t *answer, const char *why)
{
	json_t *text = json_string(why);
	json_object_clear(answer);
	json_object_set_new(answer, "ok", json_false());
	json_object_set_new(answer, "error", text ? text : json_string("database error"));
}

json_t *
gs_command_refusal(const char *why)
{
	json_t *answer = json_object();
	refused(answer, why);
	json_object_set_new(answer, "id", json_null());
	return answer;
}

json_t *
gs_command_answer(struct gs_player *player, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, 0, NULL);
	if (!json_is_object(request)) {
		json_decref(request);
		return gs_command_refusal("malformed JSON");
	}

	struct gs_err e = GS_ERR_INIT;
	json_t *answer = json_object();
	json_t *id = json_object_get(request, "id");
	json_object_set_new(answer, "ok", json_true());
	if (!obey(player, request, answer, &e))
		refused(answer, e.msg);
	json_object_set_new(answer, "id", id ? json_incref(id) : json_null());
	json_decref(request);
	return answer;
}
