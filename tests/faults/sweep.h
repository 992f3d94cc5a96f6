/* SPDX-License-Identifier: ISC */
/* sweep.h: a row of the table, and the sweeps that fill one. */
#pragma once

#include "world.h"

/* Counts of one sweep. All but points, runs and room are to be 0. */
struct tally {
	char name[64];
	long points; /* different instants, calls or states */
	long runs;   /* programs that were disturbed */
	long half;   /* a path neither old nor new, or a host that the next run did not make old */
	long leftovers;  /* files that nobody removed */
	long silent;     /* exit 0, and not what was asked for */
	char first[160]; /* what was bad first */
};

/* How many of all points are tried: every one, or each `stride`-th. */
struct effort {
	long errors;    /* of errors at calls, each of this many is tried */
	long stride;    /* of kills, short calls and allocations */
	long nested;    /* at most this many pairs; 0: none */
	long every;     /* of the power model's states, each of this many is recovered from */
	long cuts;      /* of the power model: of the kills before it, each of this many */
	long room_step; /* bytes between two sizes of a file system */
	bool stop;      /* the power model ends with its first violation */
};

typedef void tally_print(const struct tally *t);

/* tally_bad counts into one of a tally's figures and keeps the first as text. */
void tally_bad(struct tally *t, long *figure, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A command with the stage that it begins at and the one that it leads to. */
struct subject {
	const char *name;
	size_t command;
	enum world_stage from, to;
};
extern const struct subject subjects[];
extern const size_t subjects_n;

/* recovered takes the host back after a run, and counts what is not as before. */
void recovered(struct tally *t, const char *what, long at);

/* reached tells whether a command that said 0 has done what it was to do. */
bool reached(const struct subject *s);

/* Each sweep prints its rows. */
void sweep_kill(const struct effort *effort, tally_print *print);
void sweep_nested(const struct effort *effort, tally_print *print);
void sweep_error(const struct effort *effort, tally_print *print);
void sweep_short(const struct effort *effort, tally_print *print);
void sweep_memory(const struct effort *effort, tally_print *print);
void sweep_room(const struct effort *effort, tally_print *print);
void sweep_modes(const struct effort *effort, tally_print *print);
void sweep_power(const struct effort *effort, tally_print *print);
