/* SPDX-License-Identifier: ISC */
/* room.c: a deploy on a real file system of every size, from one that holds nothing more. */
#include "sweep.h"
#include "tree.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* options_set makes the size of the tmpfs at the root; `flags` as for mount(2). */
static bool
size_set(long bytes, unsigned long flags)
{
	char options[64];

	snprintf(options, sizeof(options), "size=%ld,mode=0755", bytes);
	return mount("faults", world_root(), "tmpfs", flags, options) == 0;
}

/* used is how many bytes of the tmpfs hold something. */
static long
used(void)
{
	struct statvfs v;

	if (statvfs(world_root(), &v) != 0)
		tree_die("statvfs");
	return (long)((v.f_blocks - v.f_bfree) * v.f_frsize);
}

/* deploy_ends runs a deploy up to its first failure; true where there was none. */
static bool
deploy_ends(void)
{
	for (size_t i = 0; i <= COMMAND_APPLY; i++) {
		if (world_plain(world_commands[i].word) != 0)
			return false;
	}
	return true;
}

/* room_of is a deploy with that many bytes more than the host has. True where it was enough. */
static bool
room_of(long more, struct tally *t, long *stuck)
{
	bool done, back;

	if (!size_set(8 << 20, 0))
		tree_die("mount tmpfs");
	world_at(WORLD_OLD);
	if (!size_set(used() + more, MS_REMOUNT))
		tree_die("mount tmpfs");
	done = deploy_ends();
	t->runs++;
	if (done && !world_is(WORLD_NEW))
		tally_bad(t, &t->silent, "%ld bytes: exit 0, and it is not done", more);
	if (world_torn())
		tally_bad(t, &t->half, "%ld bytes: a path is torn", more);
	/* On the full disk where it can be, with room again otherwise. */
	back = done || world_recover();
	*stuck += !back;
	if (!size_set(8 << 20, MS_REMOUNT))
		tree_die("mount tmpfs");
	if (!done && back && (!world_is(WORLD_OLD) || world_litter()))
		tally_bad(t, &t->half, "%ld bytes: the way back said 0, and it is not old", more);
	recovered(t, "with room again, after", more);
	if (umount(world_root()) != 0)
		tree_die("umount");
	return done;
}

void
sweep_room(const struct effort *effort, tally_print *print)
{
	struct tally t = { .name = "a full disk: deploy" };
	long stuck = 0, more = 0;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		printf("a full disk: not tried, mounts are not allowed\n");
		return;
	}
	for (bool done = false; !done; more += effort->room_step) {
		done = room_of(more, &t, &stuck);
		t.points++;
	}
	print(&t);
	printf("    %ld bytes were enough; %ld of these deploys went back only with room again\n",
	       more - effort->room_step, stuck);
}
