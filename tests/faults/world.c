/* SPDX-License-Identifier: ISC */
/* world.c: see world.h. */
#include "tree.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RECORD "/var/lib/twpool"

/* "@" stands for the directory of all this. */
const struct world_command world_commands[] = {
	[COMMAND_BEGIN] = { "begin", { "begin", "--site", "@/site.json" } },
	[COMMAND_STAGE] = { "stage (a new file)",
	                    { "stage", "-q", "-g", "pooler", "--mode", "0640", "1", "@/new.ini",
	                      "/etc/pgbouncer/twpool/pgbouncer.ini" } },
	{ "stage (another mode)",
	  { "stage", "-q", "--mode", "0600", "1", "@/new.conf", "/etc/old.conf" } },
	{ "stage (directory)",
	  { "stage", "-q", "--directory", "--mode", "0700", "1", "/srv/state" } },
	{ "stage (edits)", { "stage", "-q", "-g", "server", "--edits", "1", "@/edits.json" } },
	{ "stage (a binary)",
	  { "stage", "-q", "-g", "server", "--mode", "0755", "1", "@/new.bin",
	    "/srv/game/server" } },
	{ "stage (a second file)",
	  { "stage", "-q", "-g", "pooler", "--mode", "0640", "1", "@/new.hba",
	    "/etc/pgbouncer/twpool/hba.conf" } },
	{ "stage (a third file)",
	  { "stage", "-q", "-g", "pooler", "--mode", "0640", "1", "@/new.hba",
	    "/etc/pgbouncer/twpool/userlist.txt" } },
	{ "stage (cron)",
	  { "stage", "-q", "-g", "watch", "--mode", "0644", "1", "@/new.conf",
	    "/etc/cron.d/twpool-check" } },
	[COMMAND_APPLY] = { "apply", { "apply", "-q", "1" } },
	[COMMAND_MARK] = { "mark", { "mark", "1", "undoing" } },
	[COMMAND_RESTORE] = { "restore", { "restore", "-q", "--to", "1" } },
	[COMMAND_UNDONE] = { "mark", { "mark", "1", "undone" } },
};
const size_t world_commands_n = sizeof(world_commands) / sizeof(*world_commands);

const char *const world_managed[] = { "/etc/cron.d/twpool-check",
	                              "/etc/old.conf",
	                              "/etc/pgbouncer",
	                              "/etc/pgbouncer/twpool",
	                              "/etc/pgbouncer/twpool/hba.conf",
	                              "/etc/pgbouncer/twpool/pgbouncer.ini",
	                              "/etc/pgbouncer/twpool/userlist.txt",
	                              "/srv/game/dsn.json",
	                              "/srv/game/server",
	                              "/srv/state",
	                              NULL };

static struct {
	char top[1024], root[1100], program[1024];
	char *exact[WORLD_STAGES]; /* with times */
	char *before, *after;      /* without */
} world;

const char *
world_root(void)
{
	return world.root;
}

const char *
world_before(void)
{
	return world.before;
}

const char *
world_after(void)
{
	return world.after;
}

void
world_aside(bool aside)
{
	snprintf(world.root, sizeof(world.root), "%s/%s", world.top, aside ? "aside" : "root");
	if (mkdir(world.root, 0755) != 0 && access(world.root, F_OK) != 0)
		tree_die(world.root);
	setenv("TWPOOL_ROOT", world.root, 1);
}

/* path_of is a path below the top; static. */
static const char *
path_of(const char *name)
{
	static char path[2048];

	snprintf(path, sizeof(path), "%s/%s", world.top, name);
	return path;
}

/* stage_of is the directory of a stage; static. */
static const char *
stage_of(enum world_stage stage)
{
	static const char *const names[] = { "old", "begun", "staged", "new", "back" };

	return path_of(names[stage]);
}

/* put writes a text to a path of this size or longer, filled up with `fill`. */
static void
put(const char *path, const char *text, char fill, size_t size, mode_t mode)
{
	struct stat st = { .st_mode = mode,
		           .st_uid = geteuid(),
		           .st_gid = getegid(),
		           .st_mtim = { 1577934245, 123456789 } };
	size_t n = strlen(text) > size ? strlen(text) : size;
	char *bytes = malloc(n);

	if (bytes == NULL)
		tree_die("malloc");
	memset(bytes, fill, n);
	memcpy(bytes, text, strlen(text));
	tree_write(path, bytes, n, &st);
	free(bytes);
}

/* host_make makes the old host, and what is to be staged. */
static void
host_make(void)
{
	static const char *const dirs[] = { "",          "/etc", "/etc/cron.d", "/srv",
		                            "/srv/game", "/var", "/var/lib" };
	char path[4096], edits[4096];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", world.root, dirs[i]);
		if (mkdir(path, 0755) != 0 || chmod(path, 0755) != 0)
			tree_die(path);
	}
	snprintf(path, sizeof(path), "%s/srv/state", world.root);
	if (mkdir(path, 0750) != 0 || chmod(path, 0750) != 0)
		tree_die(path);
	put(path_of("root/etc/old.conf"), "old\n", 'o', 5000, 0644);
	if (geteuid() == 0 && chown(path_of("root/etc/old.conf"), 0, 1) != 0)
		tree_die("chown");
	put(path_of("root/srv/game/dsn.json"), "{\"app\": \"dbname=%DB% user=game\", \"n\": 1}\n",
	    ' ', 0, 0640);
	put(path_of("root/srv/game/server"), "old binary", 'b', 20000, 0755);
	/* Where the file system takes it. */
	setxattr(path_of("root/srv/game/server"), "user.twpool", "kept", 4, 0);
	put(path_of("site.json"), "{}\n", ' ', 0, 0600);
	put(path_of("new.ini"), "[pgbouncer]\n", ';', 3000, 0600);
	put(path_of("new.hba"), "local all all peer\n", '#', 2500, 0600);
	put(path_of("new.conf"), "new\n", 'n', 100, 0600);
	put(path_of("new.bin"), "new binary", 'N', 40000, 0700);
	snprintf(edits, sizeof(edits),
	         "{\"files\": [{\"path\": \"%s/srv/game/dsn.json\", \"edits\": "
	         "[{\"offset\": 30, \"old\": \"\", \"new\": \" port=6432\"}]}]}\n",
	         world.root);
	put(path_of("edits.json"), edits, ' ', 0, 0600);
}

char *const *
world_argv(const char *const *words)
{
	static char text[WORLD_WORDS][2048];
	static char *argv[WORLD_WORDS + 2];
	size_t n = 0;

	argv[n++] = world.program;
	for (; *words != NULL; words++, n++) {
		if (**words == '@')
			snprintf(text[n - 1], sizeof(text[0]), "%s%s", world.top, *words + 1);
		else
			snprintf(text[n - 1], sizeof(text[0]), "%s", *words);
		argv[n] = text[n - 1];
	}
	argv[n] = NULL;
	return argv;
}

int
world_plain(const char *const *words)
{
	return step_plain(world_argv(words));
}

/* stage_keep keeps what the tree is now as a stage. */
static void
stage_keep(enum world_stage stage)
{
	tree_copy(world.root, stage_of(stage));
	world.exact[stage] = world_text(world.root, RECORD, true);
}

void
world_make(const char *top, const char *program)
{
	static const struct {
		size_t first, last; /* of the commands that lead to a stage */
	} way[] = { [WORLD_BEGUN] = { COMMAND_BEGIN, COMMAND_BEGIN },
		    [WORLD_STAGED] = { COMMAND_STAGE, COMMAND_APPLY - 1 },
		    [WORLD_NEW] = { COMMAND_APPLY, COMMAND_APPLY },
		    [WORLD_BACK] = { COMMAND_MARK, COMMAND_UNDONE } };

	snprintf(world.top, sizeof(world.top), "%s", top);
	snprintf(world.root, sizeof(world.root), "%s/root", top);
	snprintf(world.program, sizeof(world.program), "%s", program);
	setenv("TWPOOL_ROOT", world.root, 1);
	host_make();
	stage_keep(WORLD_OLD);
	world.before = world_text(world.root, RECORD, false);
	for (enum world_stage s = WORLD_BEGUN; s < WORLD_STAGES; s++) {
		for (size_t i = way[s].first; i <= way[s].last; i++) {
			if (world_plain(world_commands[i].word) != 0) {
				fprintf(stderr, "faults: '%s' fails by itself\n",
				        world_commands[i].name);
				exit(70);
			}
		}
		stage_keep(s);
		if (s == WORLD_NEW)
			world.after = world_text(world.root, RECORD, false);
	}
	if (strcmp(world.exact[WORLD_OLD], world.exact[WORLD_BACK]) != 0 ||
	    strcmp(world.before, world.after) == 0) {
		fprintf(stderr, "faults: undisturbed, a deploy and the way back are not one\n");
		exit(70);
	}
}

void
world_at(enum world_stage stage)
{
	tree_clear(world.root);
	tree_copy(stage_of(stage), world.root);
}

bool
world_is(enum world_stage stage)
{
	bool times = stage != WORLD_NEW; /* new files have the time of their run */
	char *now = world_text(world.root, RECORD, times);
	bool is = strcmp(now, times ? world.exact[stage] : world.after) == 0;

	free(now);
	return is;
}

const char *
world_line(const char *text, const char *path, size_t *n)
{
	size_t len = strlen(path);

	for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
		if (strncmp(at, path, len) == 0 && at[len] == ' ') {
			*n = strcspn(at, "\n");
			return at;
		}
	}
	*n = 0;
	return "";
}

/* line_same tells whether a path has the same line, or none, in two texts. */
static bool
line_same(const char *a, const char *b, const char *path)
{
	size_t n, m;
	const char *one = world_line(a, path, &n), *two = world_line(b, path, &m);

	return n == m && memcmp(one, two, n) == 0;
}

/* is_fresh tells whether a line is a directory's that has just been made. */
static bool
is_fresh(const char *text, const char *path)
{
	size_t n;
	const char *line = world_line(text, path, &n);

	return n > 0 && strncmp(line + strlen(path), " 40700 ", 7) == 0;
}

bool
world_torn(void)
{
	char *now = world_text(world.root, RECORD, false);
	bool torn = false;

	for (const char *const *path = world_managed; *path != NULL; path++)
		torn = torn || !(line_same(now, world.before, *path) ||
		                 line_same(now, world.after, *path) || is_fresh(now, *path));
	free(now);
	return torn;
}

bool
world_litter(void)
{
	char *now = world_text(world.root, NULL, false);
	bool litter = strstr(now, "/.twpool-") != NULL || strstr(now, ".twpool-save-") != NULL;

	free(now);
	return litter;
}

/* record_is tells whether a file is in the first generation. */
static bool
record_is(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s" RECORD "/generations/0001/%s", world.root, name);
	return access(path, F_OK) == 0;
}

bool
world_recover(void)
{
	static const char *const back[] = { "restore", "-q", "--to", "1", NULL };
	static const char *const undone[] = { "mark", "1", "undone", NULL };
	static const char *const begin[] = { "begin", NULL };

	/* What was begun, and not so far that it could be restored, the next beginning removes. */
	if (!record_is("manifest.json"))
		return world_plain(begin) == 0;
	return world_plain(back) == 0 && world_plain(undone) == 0;
}
