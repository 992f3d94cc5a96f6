/* SPDX-License-Identifier: ISC */
/*
 * power.c: a power cut after every change that a deploy and the way back make, with every state of
 * the disk that the model allows then. In each state every managed path is old or new, and what was
 * said to be done is there; and the next run makes the host old.
 */
#include "model.h"
#include "sweep.h"
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Up to that many pending changes every subset is tried, of more only some. */
#define SUBSETS_ALL 6

/* How a file's bytes may be where they are not synced. */
enum damage { WHOLE, EMPTY, ZEROS };

/* A choice of what is on the disk. */
struct choice {
	bool change[MODEL_PENDING];
	size_t version[MODEL_NODES];
	unsigned char damage[MODEL_NODES];
};

struct power {
	struct model *m;
	const struct effort *effort;
	struct tally *t;
	struct choice choice;
	struct name name[MODEL_NAMES];
	size_t names;
	size_t command; /* whose calls these are */
	unsigned long long *seen;
	size_t n_seen, room;
};

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
	char *zeros;

	*n = p->choice.damage[node] == EMPTY ? 0 : v->n;
	if (p->choice.damage[node] != ZEROS)
		return NULL;
	zeros = calloc(1, v->n + 1);
	if (zeros == NULL)
		tree_die("calloc");
	return zeros;
}

/* state_text writes the lines of what is below a directory, as world_text does. */
static void
state_text(const struct power *p, FILE *out, size_t dir, const char *at)
{
	char path[4096];

	for (size_t i = 0; i < p->names; i++) {
		size_t id = p->name[i].node, n;
		const struct version *v = &p->m->node[id].version[p->choice.version[id]];
		char *zeros;

		if (p->name[i].dir != dir)
			continue;
		snprintf(path, sizeof(path), "%s/%s", at, p->name[i].name);
		fprintf(out, "%s %o %u:%u", path, (unsigned)v->st.st_mode, (unsigned)v->st.st_uid,
		        (unsigned)v->st.st_gid);
		if (!p->m->node[id].dir) {
			zeros = bytes_of(p, id, v, &n);
			fprintf(out, " %zu %llx %llx", n,
			        tree_hash(TREE_HASH, zeros ? zeros : v->data, n), v->attributes);
			free(zeros);
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
		char *zeros;

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
		zeros = bytes_of(p, id, v, &n);
		tree_write(path, zeros ? zeros : v->data, n, &v->st);
		free(zeros);
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
	bool working = p->command == COMMAND_APPLY || p->command == COMMAND_RESTORE;
	bool is_new_now = p->command == COMMAND_MARK;
	size_t n;

	for (const char *const *path = world_managed; *path != NULL; path++) {
		bool before = path_is(now, world_before(), *path);
		bool after = path_is(now, world_after(), *path);
		const char *line = world_line(now, *path, &n);
		bool fresh = n > 0 && strncmp(line + strlen(*path), " 40700 ", 7) == 0;

		if (working ? !(before || after || fresh) : !(is_new_now ? after : before))
			tally_bad(p->t, &p->t->half, "during '%s': %s is %.*s",
			          world_commands[p->command].name, *path, (int)n, n ? line : "");
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
	recovered(p->t, world_commands[p->command].name, p->t->points);
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
		if (p->t->points % p->effort->every == 0)
			recovery_check(p);
	}
	free(now);
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
	for (enum damage d = EMPTY; !node->dir && d <= ZEROS; d++) {
		p->choice.damage[id] = (unsigned char)d;
		chosen(p);
	}
	p->choice.damage[id] = WHOLE;
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

/* deploy_traced runs all commands, with a cut after each change and after each command. */
static void
deploy_traced(struct power *p)
{
	static const struct step_plan none = { STEP_NONE, 0, 0 };

	for (p->command = 0; p->command < world_commands_n; p->command++) {
		if (step_run(world_argv(world_commands[p->command].word), &none, model_hook, p->m)
		        .code != 0) {
			fprintf(stderr, "power: '%s' fails\n", world_commands[p->command].name);
			exit(70);
		}
	}
}

void
sweep_power(const struct effort *effort, tally_print *print)
{
	struct tally t = { .name = "power cut: a deploy and the way back" };
	struct model *m = calloc(1, sizeof(*m));
	struct power *p = calloc(1, sizeof(*p));

	if (m == NULL || p == NULL)
		tree_die("calloc");
	*p = (struct power){ .m = m, .effort = effort, .t = &t };
	world_at(WORLD_OLD);
	model_load(m, world_root());
	m->changed = cut;
	m->data = p;
	deploy_traced(p);
	print(&t);
}
