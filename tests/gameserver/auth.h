/* SPDX-License-Identifier: ISC */
/* A player, and the login that opens the player's database connection. */
#ifndef GS_AUTH_H
#define GS_AUTH_H

#include "db.h"

enum { GS_NAME_MAX = 32 };

struct gs_player {
	struct gs_source *source; /* borrowed */
	struct gs_db db;          /* open from login to leave */
	bool logged_in;
	bool leaving;
	long long id;
	char name[GS_NAME_MAX + 1];
};

/* gs_auth_login opens the connection of a player who is not logged in, creates the player on the
 * first login and logs the outcome. What went wrong with the database is in the log only: the
 * caller learns "authentication failed", as from the server that this one imitates. */
bool gs_auth_login(struct gs_player *player, const char *name, struct gs_err *e);

/* gs_auth_log_success writes the success line on behalf of `layer`. Two layers do so, with the
 * same words: whoever counts lines counts every player twice. */
void gs_auth_log_success(const struct gs_player *player, const char *layer);

#endif
