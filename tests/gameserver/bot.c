/* SPDX-License-Identifier: ISC */
#include "bot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
bot_leave(struct bot *bot)
{
	if (bot->fd >= 0)
		close(bot->fd);
	bot->fd = -1;
	bot->state = BOT_OUT;
}

/* lose puts out a bot for a reason. One that was about to ask is charged with the command that
 * it cannot issue any more: a server that dies between commands has not answered them all. */
static void
lose(struct bot *bot, const char *why, struct tally *t)
{
	tally_error(t, why);
	t->refused += !bot->logged_in;
	t->commands += bot->state == BOT_THINKING;
	bot_leave(bot);
}

void
bot_timeout(struct bot *bot, struct tally *t)
{
	if (bot->logged_in)
		t->timeouts++;
	else
		t->login_timeouts++;
	bot_leave(bot);
}

void
bot_connect(struct bot *bot, const struct sockaddr_in *to, struct tally *t)
{
	bot->state = BOT_CONNECTING;
	bot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bot->fd < 0 || (connect(bot->fd, (const struct sockaddr *)to, sizeof *to) != 0 &&
	                    errno != EINPROGRESS))
		lose(bot, strerror(errno), t);
}

/* transmit sends one short line; false, and the bot is OUT, where the socket takes it not. */
static bool
transmit(struct bot *bot, const char *line, struct tally *t)
{
	size_t len = strlen(line);
	if (send(bot->fd, line, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	lose(bot, "connection lost", t);
	return false;
}

static void
log_in(struct bot *bot, struct tally *t)
{
	char line[128];
	int failure = 0;
	socklen_t size = sizeof failure;
	getsockopt(bot->fd, SOL_SOCKET, SO_ERROR, &failure, &size);
	if (failure) {
		lose(bot, strerror(failure), t);
		return;
	}
	t->reached++;
	bot->state = BOT_LOGGING_IN;
	snprintf(line, sizeof line, "{\"id\":%ld,\"command\":\"auth.login\",\"name\":\"%s\"}\n",
	         ++bot->sequence, bot->name);
	transmit(bot, line, t);
}

void
bot_ask(struct bot *bot, double now, struct tally *t)
{
	char line[128], rest[64] = "\"player.info\"";
	long dice = random() % 10;
	if (dice < 3)
		snprintf(rest, sizeof rest, "\"sector.move\",\"sector\":%ld", random() % 5000 + 1);
	else if (dice < 6)
		snprintf(rest, sizeof rest, "\"bank.deposit\",\"amount\":%ld", random() % 100 + 1);
	snprintf(line, sizeof line, "{\"id\":%ld,\"command\":%s}\n", ++bot->sequence, rest);
	if (!transmit(bot, line, t))
		return;
	t->commands++;
	bot->asked = now;
	bot->state = BOT_ASKING;
}

/* hear judges one answer. */
static void
hear(struct bot *bot, const char *line, size_t len, double now, struct tally *t)
{
	json_t *answer = json_loadb(line, len, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	bool expected = bot->state == BOT_LOGGING_IN || bot->state == BOT_ASKING;
	bool ours = expected && json_integer_value(json_object_get(answer, "id")) == bot->sequence;
	bool ok = ours && json_is_true(json_object_get(answer, "ok"));

	if (!ours) {
		lose(bot, "answer to nothing that was asked", t);
	} else if (bot->state == BOT_ASKING) {
		tally_answer(t, ok, now - bot->asked);
		if (!ok)
			tally_error(t, error ? error : "no reason given");
		bot->state = BOT_THINKING;
	} else if (ok) {
		t->logins++;
		bot->logged_in = true;
		bot->state = BOT_THINKING;
	} else {
		lose(bot, error ? error : "no reason given", t);
	}
	json_decref(answer);
}

void
bot_ready(struct bot *bot, double now, struct tally *t)
{
	if (bot->state == BOT_CONNECTING) {
		log_in(bot, t);
		return;
	}
	ssize_t n = recv(bot->fd, bot->in + bot->used, sizeof bot->in - bot->used, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* Also where the buffer is full: no answer is that long. */
		lose(bot, "connection closed by the server", t);
		return;
	}
	bot->used += (size_t)n;
	char *newline;
	while (bot->state != BOT_OUT && (newline = memchr(bot->in, '\n', bot->used))) {
		size_t len = (size_t)(newline - bot->in);
		hear(bot, bot->in, len, now, t);
		bot->used -= len + 1;
		memmove(bot->in, newline + 1, bot->used);
	}
}
