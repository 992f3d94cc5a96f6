/* SPDX-License-Identifier: ISC */
/*
 * modes.c: after every system call of every command nothing is more open than it will be in the end: a
 * managed path is old or new with its mode, a temporary file has the mode 0600 or already the one of a
 * managed path beside it, and the record is its owner's alone. With a umask that takes nothing away.
 */
#include "sweep.h"
#include "tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD "/var/lib/twpool"

/* What a hook has. */
struct watch {
	struct tally *tally;
	long calls;
};

/* beside_open is the mode that a temporary file in a directory may have: that of what it becomes. */
static mode_t
beside_open(const char *directory)
{
	size_t root = strlen(world_root()), n = strlen(directory);
	mode_t open = 0;

	for (const char *const *path = world_managed; *path != NULL; path++) {
		const char *slash = strrchr(*path, '/');
		const char *const texts[] = { world_before(), world_after() };

		if ((size_t)(slash - *path) != n - root || strncmp(*path, directory + root, n - root) != 0)
			continue;
		for (size_t i = 0; i < 2; i++) {
			size_t length = 0;
			const char *line = world_line(texts[i], *path, &length);
			unsigned mode = 0;

			if (length > 0 && sscanf(line, "%*s %o", &mode) == 1)
				open |= mode & 07777;
		}
	}
	return open | 0600;
}

/* tree_look counts what is too open below a directory; `record`: nothing there is for others. */
static void
tree_look(const char *directory, bool record, struct watch *w)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char path[4096];
		struct stat st;
		bool inside;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (lstat(path, &st) != 0)
			continue;
		inside = record || strcmp(path + strlen(world_root()), RECORD) == 0;
		if ((inside && (st.st_mode & 077) != 0) ||
		    (!inside && strncmp(entry->d_name, ".twpool-", 8) == 0 &&
		     (st.st_mode & 07777 & ~beside_open(directory)) != 0))
			tally_bad(w->tally, &w->tally->half, "call %ld: %s has the mode %04o", w->calls,
			          path + strlen(world_root()), (unsigned)st.st_mode & 07777);
		if (S_ISDIR(st.st_mode))
			tree_look(path, inside, w);
	}
	if (d != NULL)
		closedir(d);
}

/* modes_hook is a step_hook. */
static void
modes_hook(void *data, const struct step_call *call)
{
	struct watch *w = data;

	(void)call;
	w->calls++;
	if (world_torn())
		tally_bad(w->tally, &w->tally->half, "call %ld: a path is neither old nor new", w->calls);
	tree_look(world_root(), false, w);
}

void
sweep_modes(const struct effort *effort, tally_print *print)
{
	static const struct step_plan none = { STEP_NONE, 0, 0 };
	mode_t mask = umask(0);

	(void)effort;
	for (size_t i = 0; i < subjects_n; i++) {
		struct tally t = { .runs = 1 };
		struct watch w = { &t, 0 };

		snprintf(t.name, sizeof(t.name), "modes: %s", subjects[i].name);
		umask(mask);
		world_at(subjects[i].from);
		umask(0);
		if (step_run(world_argv(world_commands[subjects[i].command].word), &none, modes_hook, &w)
		            .code != 0 ||
		    !world_is(subjects[i].to))
			tally_bad(&t, &t.silent, "it did not do what it was to do");
		t.points = w.calls;
		print(&t);
	}
	umask(mask);
}
