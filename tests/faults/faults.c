/* SPDX-License-Identifier: ISC */
/*
 * faults: what becomes of a small host when twpool-generation is killed, runs into errors, has no
 * memory, no room, or loses the power. Prints a table.
 *
 * usage: faults [--quick] PROGRAM DIRECTORY [SWEEP]...
 *
 * DIRECTORY is empty, and a tmpfs best. Exit: 0 nothing is bad; 1 something is.
 */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(const struct effort *effort, tally_print *print);
} sweeps[] = {
	{ "kill", sweep_kill },   { "nested", sweep_nested }, { "error", sweep_error },
	{ "short", sweep_short }, { "memory", sweep_memory }, { "room", sweep_room },
	{ "modes", sweep_modes }, { "power", sweep_power },
};

/* The bad figures of all rows together. */
static long bad;

static void
row(const struct tally *t)
{
	printf("%-44s %7ld %7ld %6ld %9ld %6ld\n", t->name, t->points, t->runs, t->half,
	       t->leftovers, t->silent);
	if (t->first[0] != '\0')
		printf("    %s\n", t->first);
	fflush(stdout);
	bad += t->half + t->leftovers + t->silent;
}

/* wanted tells whether a sweep was named, or none was. */
static bool
wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc == 0;
}

int
main(int argc, char **argv)
{
	struct effort effort = { 1, 1, 24000, 1, 1, 4096, getenv("FAULTS_STOP") != NULL };
	struct timespec begin, end;
	int at = 1;

	if (argc > at && strcmp(argv[at], "--quick") == 0) {
		effort = (struct effort){ 109, 19, 60, 60, 9, 32768, effort.stop };
		if (effort.stop)
			effort.cuts = 1;
		at++;
	}
	if (getenv("FAULTS_ERRORS") != NULL)
		effort.errors = atol(getenv("FAULTS_ERRORS")) > 0 ? atol(getenv("FAULTS_ERRORS"))
		                                                  : 1;
	if (argc - at < 2) {
		fprintf(stderr, "usage: faults [--quick] PROGRAM DIRECTORY [SWEEP]...\n");
		return 64;
	}
	umask(022);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	world_make(argv[at + 1], argv[at]);
	printf("%-44s %7s %7s %6s %9s %6s\n", "", "points", "runs", "half", "leftovers", "silent");
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(*sweeps); i++) {
		if (wanted(sweeps[i].name, argc - at - 2, argv + at + 2))
			sweeps[i].run(&effort, row);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%ld bad, %ld s\n", bad, (long)(end.tv_sec - begin.tv_sec));
	return bad > 0;
}
