/* SPDX-License-Identifier: ISC */
/* memory.c: the n-th allocation of each command fails, for every n. */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* allocate_at runs a subject of which the n-th allocation fails; false where it had fewer. */
static bool
allocate_at(const struct subject *s, long at, int *code)
{
	const char *shim = getenv("FAULTS_NOMEM"), *told = getenv("FAULTS_TOLD");
	char number[24];

	snprintf(number, sizeof(number), "%ld", at);
	world_at(s->from);
	unlink(told);
	setenv("NOMEM_AT", number, 1);
	setenv("LD_PRELOAD", shim, 1);
	*code = world_plain(world_commands[s->command].word);
	unsetenv("LD_PRELOAD");
	return access(told, F_OK) == 0;
}

/* allocation_judged counts what a run has said and done. */
static void
allocation_judged(const struct subject *s, struct tally *t, long at, int code)
{
	t->runs++;
	if (code == 0 && !reached(s))
		tally_bad(t, &t->silent, "allocation %ld: exit 0, and it is not done", at);
	else if (code >= 128)
		tally_bad(t, &t->half, "allocation %ld: ended by signal %d", at, code - 128);
	else if (code != 0 && world_torn())
		tally_bad(t, &t->half, "allocation %ld: a path is torn", at);
	recovered(t, "allocation", at);
}

void
sweep_memory(const struct effort *effort, tally_print *print)
{
	if (getenv("FAULTS_NOMEM") == NULL || getenv("FAULTS_TOLD") == NULL)
		return;
	for (size_t i = 0; i < subjects_n; i++) {
		struct tally t = { .points = 0 };
		int code = 0;

		snprintf(t.name, sizeof(t.name), "no memory: %s", subjects[i].name);
		for (long at = 1; allocate_at(&subjects[i], at, &code); at += effort->stride) {
			t.points = at;
			allocation_judged(&subjects[i], &t, at, code);
		}
		print(&t);
	}
}
