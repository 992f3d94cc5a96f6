/* SPDX-License-Identifier: ISC */
/*
 * world.h: a small host below a directory, with what a deploy does to one: a new file in new
 * directories, a file that is replaced, one that gets another mode, an edit, a directory with
 * another mode. It is made once at each stage of a deploy, copied for each run, and compared with
 * what it was.
 */
#pragma once

#include "step.h"

/* The stages of which there is a copy. */
enum world_stage { WORLD_OLD, WORLD_BEGUN, WORLD_STAGED, WORLD_NEW, WORLD_BACK, WORLD_STAGES };

/* The commands of a deploy and of the way back, in their order; each ended by NULL. */
#define WORLD_WORDS 12
struct world_command {
	const char *name;
	const char *word[WORLD_WORDS];
};
extern const struct world_command world_commands[];
extern const size_t world_commands_n;

/* Indexes into it. */
enum {
	COMMAND_BEGIN,
	COMMAND_STAGE,
	COMMAND_APPLY = 9,
	COMMAND_MARK,
	COMMAND_RESTORE,
	COMMAND_UNDONE
};

/*
 * world_make makes the stages below `top`, an empty directory, with the program twpool-generation.
 * Ends the program where that fails.
 */
void world_make(const char *top, const char *program);

/* world_root is the tree in which runs happen. */
const char *world_root(void);

/* world_aside makes another tree the one in which runs happen, and back. */
void world_aside(bool aside);

/* world_at makes it a copy of a stage. */
void world_at(enum world_stage stage);

/* world_argv is a command line of twpool-generation; static, until the next call. */
char *const *world_argv(const char *const *words);

/* world_plain runs a command, and returns its exit status. */
int world_plain(const char *const *words);

/* world_is tells whether the host is exactly as in a stage; the record does not count. */
bool world_is(enum world_stage stage);

/*
 * world_torn tells whether a managed path is neither old nor new: in bytes, mode and owner; a
 * directory may be there with the mode 0700 that it begins with.
 */
bool world_torn(void);

/* world_litter tells whether a temporary or a saved file is anywhere. */
bool world_litter(void);

/*
 * world_recover does what the next deploy does first: takes back what is not complete, and begins
 * anew. False where one of its commands fails.
 */
bool world_recover(void);

/* world_text is the tree below a directory, a line per path; what is below `skip` is left out.
 * The caller's (free). `times`: with the modification times of files. */
char *world_text(const char *top, const char *skip, bool times);

/* The paths that the deploy changes; the last is NULL. */
extern const char *const world_managed[];

/* world_line is the line of one path in a text, without its end; *n is 0 where it has none. */
const char *world_line(const char *text, const char *path, size_t *n);

/* world_before and world_after are the texts of the old and of the new host, without times. */
const char *world_before(void);
const char *world_after(void);
