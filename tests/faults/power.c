/* SPDX-License-Identifier: ISC */
/*
 * power.c: a power cut after every change that a deploy and the way back make, with every state of
 * the disk that the model allows then. In each state every managed path is old or new, and what was
 * said to be done is there; and the next run makes the host old.
 */
#include "model.h"
#include "sweep.h"
#include "tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Up to that many pending changes every subset is tried, of more only some. */
#define SUBSETS_ALL 6

/* What is not synced of a file is there or is zeros, in blocks of this many bytes. */
#define BLOCK 512
#define BLOCKS 128

/* No file is damaged. */
#define NONE MODEL_NODES

/* A choice of what is on the disk. */
struct choice {
	bool change[MODEL_PENDING];
	size_t version[MODEL_NODES];
	size_t damaged; /* a node, or NONE: it is empty, or has lost blocks */
	bool empty, lost[BLOCKS];
};

struct power {
	struct model *m;
	const struct effort *effort;
	struct tally *t;
	struct choice choice;
	struct name name[MODEL_NAMES];
	size_t names;
	size_t command; /* whose calls these are */
	bool killed;    /* apply was, so that the host is in between until it is restored */
	unsigned long long *seen;
	size_t n_seen, room;
};

/* command_name is whose calls are at work. */
static const char *
command_name(const struct power *p)
{
	return p->command < world_commands_n ? world_commands[p->command].name : "all done";
}

/* is_new remembers a state; false where it was seen before. */
static bool
is_new(struct power *p, unsigned long long hash)
{
	size_t at;

	if (p->n_seen * 2 >= p->room) {
		unsigned long long *old = p->seen;
		size_t n = p->room;

		p->room = n > 0 ? n * 2 : 4096;
		p->seen = calloc(p->room, sizeof(*p->seen));
		if (p->seen == NULL)
			tree_die("calloc");
		p->n_seen = 0;
		for (size_t i = 0; i < n; i++)
			(void)(old[i] != 0 && is_new(p, old[i]));
		free(old);
	}
	hash |= 1;
	for (at = hash % p->room; p->seen[at] != 0; at = (at + 1) % p->room) {
		if (p->seen[at] == hash)
			return false;
	}
	p->seen[at] = hash;
	p->n_seen++;
	return true;
}

/* bytes_of is what is on the disk of a file; what is not NULL is the caller's. */
static char *
bytes_of(const struct power *p, size_t node, const struct version *v, size_t *n)
{
	char *bytes;

	*n = v->n;
	if (p->choice.damaged != node)
		return NULL;
	bytes = calloc(1, v->n + 1);
	if (bytes == NULL)
		tree_die("calloc");
	if (p->choice.empty)
		*n = 0;
	for (size_t i = 0; i < *n; i++) {
		if (!p->choice.lost[i / BLOCK % BLOCKS])
			bytes[i] = v->data[i];
	}
	return bytes;
}

/* state_text writes the lines of what is below a directory, as world_text does. */
static void
state_text(const struct power *p, FILE *out, size_t dir, const char *at)
{
	char path[4096];

	for (size_t i = 0; i < p->names; i++) {
		size_t id = p->name[i].node, n;
		const struct version *v = &p->m->node[id].version[p->choice.version[id]];
		char *torn;

		if (p->name[i].dir != dir)
			continue;
		snprintf(path, sizeof(path), "%s/%s", at, p->name[i].name);
		fprintf(out, "%s %o %u:%u", path, (unsigned)v->st.st_mode, (unsigned)v->st.st_uid,
		        (unsigned)v->st.st_gid);
		if (!p->m->node[id].dir) {
			torn = bytes_of(p, id, v, &n);
			fprintf(out, " %zu %llx %llx", n,
			        torn ? tree_hash(TREE_HASH, torn, n) : v->hash, v->attributes);
			free(torn);
		}
		fputc('\n', out);
		if (p->m->node[id].dir)
			state_text(p, out, id, path);
	}
}

/* state_write makes the tree. */
static void
state_write(const struct power *p, size_t dir, const char *at)
{
	char path[4096];

	for (size_t i = 0; i < p->names; i++) {
		size_t id = p->name[i].node, n;
		const struct version *v = &p->m->node[id].version[p->choice.version[id]];
		char *torn;

		if (p->name[i].dir != dir)
			continue;
		snprintf(path, sizeof(path), "%s/%s", at, p->name[i].name);
		if (p->m->node[id].dir) {
			if (mkdir(path, 0700) != 0 ||
			    chown(path, v->st.st_uid, v->st.st_gid) != 0 ||
			    chmod(path, v->st.st_mode & 07777) != 0)
				tree_die(path);
			state_write(p, id, path);
			continue;
		}
		torn = bytes_of(p, id, v, &n);
		tree_write(path, torn ? torn : v->data, n, &v->st);
		free(torn);
		if (v->kept && setxattr(path, "user.twpool", "kept", 4, 0) != 0)
			tree_die(path);
	}
}

/* path_is tells whether a managed path is what it is in a text. */
static bool
path_is(const char *now, const char *then, const char *path)
{
	size_t n, m;
	const char *a = world_line(now, path, &n), *b = world_line(then, path, &m);

	return n == m && memcmp(a, b, n) == 0;
}

/* paths_check: old or new while one of the two commands is at work, and otherwise what was said. */
static void
paths_check(const struct power *p, const char *now)
{
	bool working = p->command == COMMAND_APPLY || p->command == COMMAND_RESTORE ||
	               (p->killed && p->command == COMMAND_MARK);
	bool is_new_now = p->command == COMMAND_MARK && !p->killed;
	size_t n;

	for (const char *const *path = world_managed; *path != NULL; path++) {
		bool before = path_is(now, world_before(), *path);
		bool after = path_is(now, world_after(), *path);
		const char *line = world_line(now, *path, &n);
		bool fresh = n > 0 && strncmp(line + strlen(*path), " 40700 ", 7) == 0;

		if (working ? !(before || after || fresh) : !(is_new_now ? after : before))
			tally_bad(p->t, &p->t->half, "during '%s': %s is %.*s", command_name(p),
			          *path, (int)n, n ? line : "");
	}
}

/* recovery_check makes the state, and lets the next run begin. */
static void
recovery_check(const struct power *p)
{
	world_aside(true);
	tree_clear(world_root());
	state_write(p, 0, world_root());
	p->t->runs++;
	recovered(p->t, command_name(p), p->t->points);
	world_aside(false);
}

/* chosen: one state. */
static void
chosen(struct power *p)
{
	char *now = NULL;
	size_t n = 0;
	FILE *out;

	if (p->effort->stop && p->t->half + p->t->leftovers > 0)
		return;
	memcpy(p->name, p->m->name, p->m->names * sizeof(p->name[0]));
	p->names = p->m->names;
	for (size_t i = 0; i < p->m->n_pending; i++) {
		if (p->choice.change[i])
			model_apply(p->name, &p->names, &p->m->pending[i]);
	}
	out = open_memstream(&now, &n);
	if (out == NULL)
		tree_die("open_memstream");
	state_text(p, out, 0, "");
	fclose(out);
	if (is_new(p, tree_hash(TREE_HASH + p->command, now, n))) {
		p->t->points++;
		paths_check(p, now);
		if (p->command == world_commands_n && strstr(now, "/.twpool-") != NULL)
			tally_bad(p->t, &p->t->leftovers, "all done: %.60s",
			          strstr(now, "/.twpool-"));
		if (p->t->points % (p->effort->stop ? 5 : p->effort->every) == 0)
			recovery_check(p);
	}
	free(now);
}

/* lose_blocks: those of a file that a pattern says. */
static void
lose_blocks(struct power *p, size_t blocks, unsigned long long pattern)
{
	for (size_t i = 0; i < blocks && i < BLOCKS; i++)
		p->choice.lost[i] = pattern >> i % 64 & 1;
	chosen(p);
}

/*
 * vary_blocks: the latest version of a file, empty, and with lost blocks: every subset of up to
 * six, of more each one, all before and all after each, and some that a generator makes.
 */
static void
vary_blocks(struct power *p, size_t id, size_t blocks)
{
	unsigned long long dice = 88172645463325252ULL;

	p->choice.damaged = id;
	p->choice.empty = true;
	chosen(p);
	p->choice.empty = false;
	if (p->effort->stop) { /* the quickest is enough to be noticed */
		p->choice.damaged = NONE;
		return;
	}
	for (unsigned long long set = 1; blocks <= 8 && set < 1ULL << blocks; set++)
		lose_blocks(p, blocks, set);
	for (size_t i = 0; blocks > 8 && i < blocks; i++) {
		dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
		lose_blocks(p, blocks, 1ULL << i % 64);
		lose_blocks(p, blocks, ~0ULL << i % 64);
		lose_blocks(p, blocks, (1ULL << i % 64) - 1);
		lose_blocks(p, blocks, dice);
	}
	p->choice.damaged = NONE;
}

/* vary_node tries everything that one node may be. */
static void
vary_node(struct power *p, size_t id)
{
	const struct node *node = &p->m->node[id];

	for (size_t v = node->durable; v < node->n; v++) {
		p->choice.version[id] = v;
		chosen(p);
	}
	if (!node->dir)
		vary_blocks(p, id, (node->version[node->n - 1].n + BLOCK - 1) / BLOCK);
}

/* vary_nodes: with these names, all that is not synced old, all new, and each by itself. */
static void
vary_nodes(struct power *p)
{
	const struct model *m = p->m;

	for (int latest = 0; latest < 2; latest++) {
		for (size_t i = 0; i < m->nodes; i++)
			p->choice.version[i] = latest ? m->node[i].n - 1 : m->node[i].durable;
		chosen(p);
		for (size_t i = 0; i < m->nodes; i++) {
			size_t kept = p->choice.version[i];

			if (m->node[i].durable < m->node[i].n - 1)
				vary_node(p, i);
			p->choice.version[i] = kept;
		}
	}
}

/* cut is called after each change: the power goes. */
static void
cut(void *data)
{
	struct power *p = data;
	size_t n = p->m->n_pending;

	memset(p->choice.change, 0, sizeof(p->choice.change));
	if (n <= SUBSETS_ALL) {
		for (unsigned set = 0; set < 1U << n; set++) {
			for (size_t i = 0; i < n; i++)
				p->choice.change[i] = set >> i & 1;
			vary_nodes(p);
		}
		return;
	}
	/* None, all, each alone, all but each: what a missing fsync of a directory leaves open. */
	for (size_t only = 0; only <= n; only++) {
		for (int most = 0; most < 2; most++) {
			for (size_t i = 0; i < n; i++)
				p->choice.change[i] = (i == only) != most;
			vary_nodes(p);
		}
	}
}

/* command_traced runs one command, or kills it at a call. */
static void
command_traced(struct power *p, long killed)
{
	const struct step_plan plan = { killed > 0 ? STEP_KILL : STEP_NONE, killed, 0 };
	const char *const *words = world_commands[p->command].word;

	if (step_run(world_argv(words), &plan, model_hook, p->m).code !=
	    (killed > 0 ? 128 + 9 : 0)) {
		fprintf(stderr, "power: '%s' fails\n", command_name(p));
		exit(70);
	}
}

/*
 * deploy_traced runs all commands, with a cut after each change. One of them, apply or restore, is
 * killed at a call, or at 0 none; a restore that was killed is run again.
 */
static void
deploy_traced(struct power *p, size_t command, long killed)
{
	for (p->command = 0; p->command < world_commands_n; p->command++) {
		bool kill = killed > 0 && p->command == command;

		/* Up to there it is what the whole deploy was. */
		p->m->changed = killed == 0 || p->command >= command ? cut : NULL;
		command_traced(p, kill ? killed : 0);
		if (kill && command == COMMAND_RESTORE)
			command_traced(p, 0);
	}
	cut(p); /* once all has been said to be done */
}

/* power_of is the sweep over one deploy. */
static void
power_of(const struct effort *effort, tally_print *print, const char *name, size_t command,
         long killed)
{
	struct tally t = { .points = 0 };
	struct model *m = calloc(1, sizeof(*m));
	struct power *p = calloc(1, sizeof(*p));

	if (m == NULL || p == NULL)
		tree_die("calloc");
	snprintf(t.name, sizeof(t.name), "%s", name);
	*p = (struct power){
		.m = m, .effort = effort, .t = &t, .choice.damaged = NONE, .killed = killed > 0
	};
	world_at(WORLD_OLD);
	model_load(m, world_root());
	m->data = p;
	deploy_traced(p, command, killed);
	print(&t);
	model_free(m);
	free(p->seen);
	free(p);
}

/* The calls of a run after which something waits for its fsync. */
struct moments {
	long calls, at[64];
	size_t n;
};

/* moment_hook is a step_hook. */
static void
moment_hook(void *data, const struct step_call *call)
{
	struct moments *m = data;
	bool made = call->nr == SYS_openat && (call->arg[2] & O_EXCL) != 0;
	bool moved = call->nr == SYS_renameat2 || call->nr == SYS_unlinkat ||
	             call->nr == SYS_fchmod;

#ifdef SYS_renameat
	moved = moved || call->nr == SYS_renameat;
#endif
	m->calls++;
	if ((made || moved) && call->result >= 0 && m->n < 64)
		m->at[m->n++] = m->calls; /* its own execve has returned too */
}

/* power_killed: each such moment of a command, with a kill right then. */
static void
power_killed(const struct effort *effort, tally_print *print, size_t command,
             enum world_stage stage)
{
	static const struct step_plan none = { STEP_NONE, 0, 0 };
	struct moments m = { .n = 0 };
	char name[64];

	world_at(stage);
	step_run(world_argv(world_commands[command].word), &none, moment_hook, &m);
	for (size_t i = 0; i < m.n; i += (size_t)effort->cuts) {
		snprintf(name, sizeof(name), "power cut after a kill: %s, at %ld",
		         world_commands[command].name, m.at[i]);
		power_of(effort, print, name, command, m.at[i]);
	}
}

void
sweep_power(const struct effort *effort, tally_print *print)
{
	power_of(effort, print, "power cut: a deploy and the way back", 0, 0);
	power_killed(effort, print, COMMAND_APPLY, WORLD_STAGED);
	power_killed(effort, print, COMMAND_RESTORE, WORLD_NEW);
}
