/* SPDX-License-Identifier: ISC */
/* What players say, and what they are answered. */
#ifndef GS_COMMANDS_H
#define GS_COMMANDS_H

#include "auth.h"

/* gs_command_answer obeys one line of len bytes and returns the answer, an object which the
 * caller releases: {"id": as asked, "ok": true, ...} or {"id":, "ok": false, "error": text}.
 * Sets player->leaving on player.logout and after a login that failed. */
json_t *gs_command_answer(struct gs_player *player, const char *line, size_t len);

/* gs_command_refusal returns the answer to a line that cannot be read. */
json_t *gs_command_refusal(const char *why);

#endif
