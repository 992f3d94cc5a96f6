/* SPDX-License-Identifier: ISC */
/* sweep.c: kills, nested kills, errors and short calls, at every system call of every command. */
#include "sweep.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct subject subjects[] = {
	{ "begin", COMMAND_BEGIN, WORLD_OLD, WORLD_OLD },
	{ "stage", COMMAND_STAGE, WORLD_BEGUN, WORLD_OLD },
	{ "stage --edits", COMMAND_STAGE + 3, WORLD_BEGUN, WORLD_OLD },
	{ "stage --directory", COMMAND_STAGE + 2, WORLD_BEGUN, WORLD_OLD },
	{ "apply", COMMAND_APPLY, WORLD_STAGED, WORLD_NEW },
	{ "mark", COMMAND_MARK, WORLD_NEW, WORLD_NEW },
	{ "restore", COMMAND_RESTORE, WORLD_NEW, WORLD_OLD },
};
const size_t subjects_n = sizeof(subjects) / sizeof(*subjects);

void
tally_bad(struct tally *t, long *figure, const char *fmt, ...)
{
	va_list ap;

	(*figure)++;
	if (t->first[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(t->first, sizeof(t->first), fmt, ap);
	va_end(ap);
}

void
recovered(struct tally *t, const char *what, long at)
{
	if (!world_recover() || !world_is(WORLD_OLD))
		tally_bad(t, &t->half, "%s %ld: the next run did not make the host old", what, at);
	else if (world_litter())
		tally_bad(t, &t->leftovers, "%s %ld: something is left", what, at);
}

/* staged_is tells whether all that the staging command was to stage leads to a whole deploy. */
static bool
staged_is(const struct subject *s)
{
	for (size_t i = COMMAND_STAGE; i < COMMAND_APPLY; i++) {
		if (i != s->command && world_plain(world_commands[i].word) != 0)
			return false;
	}
	return world_plain(world_commands[COMMAND_APPLY].word) == 0 && world_is(WORLD_NEW);
}

bool
reached(const struct subject *s)
{
	static const char *const state[] = { "mark", "1", "complete", NULL };

	if (!world_is(s->to))
		return false;
	if (s->command == COMMAND_BEGIN)
		return world_plain(state) == 0;
	return s->to != WORLD_OLD || s->from != WORLD_BEGUN || staged_is(s);
}

/* calls_of is how many system calls a subject makes undisturbed. */
static long
calls_of(const struct subject *s)
{
	static const struct step_plan none = { STEP_NONE, 0, 0 };

	world_at(s->from);
	return step_run(world_argv(world_commands[s->command].word), &none, NULL, NULL).calls;
}

/* run_at runs a subject with one fault. */
static struct step_result
run_at(const struct subject *s, enum step_fault fault, long at, int error)
{
	const struct step_plan plan = { fault, at, error };

	world_at(s->from);
	return step_run(world_argv(world_commands[s->command].word), &plan, NULL, NULL);
}

void
sweep_kill(const struct effort *effort, tally_print *print)
{
	for (size_t i = 0; i < subjects_n; i++) {
		struct tally t = { .points = calls_of(&subjects[i]) };

		snprintf(t.name, sizeof(t.name), "kill: %s", subjects[i].name);
		for (long at = 1; at <= t.points; at += effort->stride) {
			run_at(&subjects[i], STEP_KILL, at, 0);
			t.runs++;
			if (world_torn())
				tally_bad(&t, &t.half, "killed at %ld: a path is torn", at);
			recovered(&t, "killed at", at);
		}
		print(&t);
	}
}

/* nested_at kills a subject at one call, and the way back at every stride-th of its own. */
static void
nested_at(const struct subject *s, long at, long stride, struct tally *t)
{
	static const struct subject back = { "restore", COMMAND_RESTORE, WORLD_NEW, WORLD_OLD };
	const char *const *words = world_commands[back.command].word;
	bool ended = false;

	/* Where each begins differs, so that together they cover every call. */
	for (long inner = 1 + at % stride; !ended; inner += stride) {
		const struct step_plan plan = { STEP_KILL, inner, 0 };

		run_at(s, STEP_KILL, at, 0);
		ended = !step_run(world_argv(words), &plan, NULL, NULL).hit;
		t->runs++;
		if (world_torn())
			tally_bad(t, &t->half, "killed at %ld, then at %ld: a path is torn", at,
			          inner);
		recovered(t, "killed twice, at", at);
	}
}

void
sweep_nested(const struct effort *effort, tally_print *print)
{
	static const struct subject from[] = {
		{ "apply", COMMAND_APPLY, WORLD_STAGED, WORLD_NEW },
		{ "restore", COMMAND_RESTORE, WORLD_NEW, WORLD_OLD },
	};
	const long inner = calls_of(&from[1]);

	for (size_t i = 0; i < sizeof(from) / sizeof(*from) && effort->nested > 0; i++) {
		struct tally t = { .points = calls_of(&from[i]) };
		long pairs = t.points * inner, stride = 2 * pairs / effort->nested;

		snprintf(t.name, sizeof(t.name), "kill twice: %s, then the way back", from[i].name);
		stride = stride < 1 ? 1 : stride;
		/* Few pairs: fewer outer calls too, or each would have its inner run only once. */
		for (long at = 1; at <= t.points; at += 1 + stride / inner)
			nested_at(&from[i], at, stride, &t);
		print(&t);
	}
}

/* judged counts what a disturbed run has said and done. */
static void
judged(const struct subject *s, struct tally *t, const char *what, long at, int code)
{
	t->runs++;
	if (code == 0 && !reached(s)) {
		tally_bad(t, &t->silent, "%s %ld: exit 0, and it is not done", what, at);
	} else if (code != 0) {
		if (world_torn())
			tally_bad(t, &t->half, "%s %ld: a path is torn", what, at);
		if (s->to == WORLD_OLD && s->from != WORLD_NEW && !world_is(WORLD_OLD))
			tally_bad(t, &t->half, "%s %ld: the host was touched", what, at);
	}
	recovered(t, what, at);
}

void
sweep_error(const struct effort *effort, tally_print *print)
{
	static const struct {
		int error;
		const char *name;
	} errors[] = { { ENOSPC, "ENOSPC" }, { EIO, "EIO" },       { EDQUOT, "EDQUOT" },
		       { EROFS, "EROFS" },   { EPERM, "EPERM" },   { EACCES, "EACCES" },
		       { EMFILE, "EMFILE" }, { ENFILE, "ENFILE" }, { ENOMEM, "ENOMEM" },
		       { EINTR, "EINTR" } };
	const size_t n = sizeof(errors) / sizeof(*errors);

	for (size_t i = 0; i < subjects_n; i++) {
		struct tally t = { .points = calls_of(&subjects[i]) };

		snprintf(t.name, sizeof(t.name), "error: %s", subjects[i].name);
		for (long turn = 0; turn < t.points * (long)n; turn += effort->errors) {
			long at = 1 + turn / (long)n, which = turn % (long)n;
			struct step_result r = run_at(&subjects[i], STEP_ERROR, at,
			                              errors[which].error);

			judged(&subjects[i], &t, errors[which].name, at, r.code);
		}
		print(&t);
	}
}

void
sweep_short(const struct effort *effort, tally_print *print)
{
	for (size_t i = 0; i < subjects_n; i++) {
		struct tally t = { .points = calls_of(&subjects[i]) };

		snprintf(t.name, sizeof(t.name), "one byte: %s", subjects[i].name);
		for (long at = 0; at <= t.points; at += effort->stride) {
			struct step_result r = run_at(&subjects[i], STEP_SHORT, at, 0);

			if (r.hit)
				judged(&subjects[i], &t, "one byte at", at, r.code);
		}
		print(&t);
	}
}
