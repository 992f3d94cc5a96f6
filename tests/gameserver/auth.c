/* SPDX-License-Identifier: ISC */
#include "auth.h"
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct gs_statement login_statements[] = {
	{ "INSERT INTO players (name) VALUES ($1::text) ON CONFLICT (name) DO NOTHING", 1 },
	{ "SELECT id FROM players WHERE name = $1::text", 1 },
};

/* valid_name: a name goes into the log between quotes, so it holds none. */
static bool
valid_name(const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t len = name ? strlen(name) : 0;
	return len > 0 && len <= GS_NAME_MAX && strspn(name, letters) == len;
}

void
gs_auth_log_success(const struct gs_player *player, const char *layer)
{
	gs_log(GS_INFO, "%s: Authentication successful for player '%s' (id %lld)", layer,
	       player->name, player->id);
}

/* fetch finds or makes the player; the id goes to player. In one call, so that no login holds a
 * transaction open while it waits for the lock: behind a pool that is too small all logins
 * succeed, and the game freezes afterwards, as the server did that this one imitates. */
static bool
fetch(struct gs_player *player, const char *name, struct gs_err *e)
{
	const char *const params[] = { name };
	json_t *row = json_object();
	bool ok = gs_db_transaction_at_once(&player->db, login_statements, 2, params, row, e);
	if (ok)
		player->id = json_integer_value(json_object_get(row, "id"));
	else
		gs_log(GS_ERROR, "DB error in auth.login: %s", e->msg);
	json_decref(row);
	return ok;
}

bool
gs_auth_login(struct gs_player *player, const char *name, struct gs_err *e)
{
	if (!valid_name(name))
		return gs_fail(e, EX_DATAERR, "name: 1 to %d letters, digits, _ - or .",
		               GS_NAME_MAX);

	bool opened = gs_db_open(&player->db, player->source, e);
	if (!opened)
		gs_log(GS_ERROR, "DB connect failed: %s", e->msg);
	if (!opened || !fetch(player, name, e)) {
		gs_db_close(&player->db);
		gs_log(GS_WARNING, "Authentication failed for player '%s'", name);
		return gs_fail(e, EX_NOPERM, "authentication failed");
	}
	snprintf(player->name, sizeof(player->name), "%s", name);
	player->logged_in = true;
	gs_auth_log_success(player, "auth");
	return true;
}
