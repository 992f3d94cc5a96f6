/* SPDX-License-Identifier: ISC */
/* One bot: a non-blocking connection and the state it is in. When is decided by the swarm. */
#ifndef BOTS_BOT_H
#define BOTS_BOT_H

#include "tally.h"

#include <netinet/in.h>

enum bot_state {
	BOT_WAITING, /* for its turn to connect */
	BOT_CONNECTING,
	BOT_LOGGING_IN,
	BOT_THINKING, /* logged in, nothing asked */
	BOT_ASKING,   /* logged in, a command is under way */
	BOT_OUT,      /* for good */
};

struct bot {
	enum bot_state state;
	int fd;
	bool logged_in;
	double due; /* when it connects, gives up, asks or times out, by state */
	double asked;
	long sequence;
	char name[40];
	size_t used;
	char in[4096];
};

/* bot_connect starts a connection; the bot is CONNECTING, or OUT and counted. */
void bot_connect(struct bot *bot, const struct sockaddr_in *to, struct tally *t);

/* bot_ask sends a command drawn at random; a THINKING bot becomes ASKING, or OUT. */
void bot_ask(struct bot *bot, double now, struct tally *t);

/* bot_ready does what its readable or writable socket allows. */
void bot_ready(struct bot *bot, double now, struct tally *t);

/* bot_timeout puts out a bot that waited too long, and counts it. */
void bot_timeout(struct bot *bot, struct tally *t);

/* bot_leave hangs up, counting nothing. */
void bot_leave(struct bot *bot);

#endif
