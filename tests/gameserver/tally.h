/* SPDX-License-Identifier: ISC */
/* What the bots saw, counted, and the verdict on it. */
#ifndef BOTS_TALLY_H
#define BOTS_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct tally {
	int bots;
	int reached; /* TCP connections made */
	int logins;  /* answered with ok in time */
	int login_timeouts;
	int refused;      /* logins that failed in any other way */
	int survivors;    /* logged in, and able to play until the end */
	long commands;    /* issued by bots that are logged in */
	long answers;     /* to them, in time, good or bad */
	long ok;          /* good ones */
	long timeouts;    /* late or none */
	long errors;      /* bad answers, refused logins and lost connections */
	json_t *messages; /* the errors by text; owned */
	double *ms;       /* the time of each answer; owned */
	size_t times, room;
	double seconds; /* from the first to the last moment */
};

#define TALLY_INIT \
	{          \
		0  \
	}

/* tally_error counts an error under its text. */
void tally_error(struct tally *t, const char *message);

/* tally_answer counts an answer to a command that came after `seconds`. */
void tally_answer(struct tally *t, bool ok, double seconds);

/* tally_good: logins/bots, ok/commands and survivors/logins are all at least min. The last one is
 * there because a server that freezes after many answers still has a high rate of commands. No
 * command at all is good only where none was `expected`. */
bool tally_good(const struct tally *t, double min, bool expected);

/* tally_json returns the result, which the caller releases; a rate of nothing is null. Sorts
 * the times. */
json_t *tally_json(struct tally *t);

void tally_free(struct tally *t);

#endif
