/* SPDX-License-Identifier: ISC */
/* model.c: see model.h. */
#include "model.h"
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static void
overflow(void)
{
	fprintf(stderr, "model: too many files\n");
	exit(70);
}

/* node_of is the node of an inode; MODEL_NODES where the model does not know it. */
static size_t
node_of(const struct model *m, ino_t ino)
{
	for (size_t i = m->nodes; i-- > 0;) {
		if (m->node[i].ino == ino)
			return i;
	}
	return MODEL_NODES;
}

/* version_add looks at what a node is now. */
static void
version_add(struct node *node, const char *path)
{
	struct version v = { .data = NULL };
	char value[8];

	if (stat(path, &v.st) != 0)
		tree_die(path);
	v.attributes = TREE_HASH;
	if (!node->dir) {
		v.data = tree_read(path, &v.n);
		v.hash = tree_hash(TREE_HASH, v.data, v.n);
		v.attributes = tree_attributes(path);
		v.kept = getxattr(path, "user.twpool", value, sizeof(value)) == 4;
	}
	node->version = reallocarray(node->version, node->n + 1, sizeof(v));
	if (node->version == NULL)
		tree_die("reallocarray");
	node->version[node->n++] = v;
}

/* node_new takes a file or directory up. */
static size_t
node_new(struct model *m, const char *path)
{
	struct stat st;

	if (m->nodes == MODEL_NODES)
		overflow();
	if (stat(path, &st) != 0)
		tree_die(path);
	m->node[m->nodes] = (struct node){ .ino = st.st_ino, .dir = S_ISDIR(st.st_mode) };
	version_add(&m->node[m->nodes], path);
	return m->nodes++;
}

/* load takes up what is below a directory. */
static void
load(struct model *m, size_t dir, const char *path)
{
	struct dirent *entry;
	DIR *d = opendir(path);
	char below[4096];

	if (d == NULL)
		tree_die(path);
	while ((entry = readdir(d)) != NULL) {
		struct name *name = &m->name[m->names];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (++m->names == MODEL_NAMES)
			overflow();
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		name->dir = dir;
		name->node = node_new(m, below);
		snprintf(name->name, sizeof(name->name), "%s", entry->d_name);
		if (m->node[name->node].dir)
			load(m, name->node, below);
	}
	closedir(d);
}

void
model_load(struct model *m, const char *root)
{
	load(m, node_new(m, root), root);
}

void
model_free(struct model *m)
{
	for (size_t i = 0; i < m->nodes; i++) {
		for (size_t v = 0; v < m->node[i].n; v++)
			free(m->node[i].version[v].data);
		free(m->node[i].version);
	}
	free(m);
}

void
model_apply(struct name *names, size_t *n, const struct change *c)
{
	for (size_t i = 0; i < *n;) {
		if (names[i].dir == c->dir &&
		    (strcmp(names[i].name, c->from) == 0 || strcmp(names[i].name, c->to) == 0))
			names[i] = names[--*n];
		else
			i++;
	}
	if (c->to[0] == '\0')
		return;
	if (*n + 1 >= MODEL_NAMES)
		overflow();
	names[*n].dir = c->dir;
	names[*n].node = c->node;
	snprintf(names[(*n)++].name, sizeof(names[0].name), "%s", c->to);
}

/* change_add: a directory has another name in it. */
static void
change_add(struct model *m, size_t dir, size_t node, const char *from, const char *to)
{
	struct change *c = &m->pending[m->n_pending];

	if (++m->n_pending == MODEL_PENDING)
		overflow();
	*c = (struct change){ .dir = dir, .node = node };
	snprintf(c->from, sizeof(c->from), "%s", from);
	snprintf(c->to, sizeof(c->to), "%s", to);
	if (m->changed != NULL)
		m->changed(m->data);
}

/* synced: a node, and the names in it, are on the disk. */
static void
synced(struct model *m, size_t node)
{
	size_t left = 0;

	m->node[node].durable = m->node[node].n - 1;
	for (size_t i = 0; i < m->n_pending; i++) {
		if (m->pending[i].dir == node)
			model_apply(m->name, &m->names, &m->pending[i]);
		else
			m->pending[left++] = m->pending[i];
	}
	m->n_pending = left;
}

/* fd_path is a path by which a descriptor of the traced process can be opened here; static. */
static const char *
fd_path(const struct step_call *call, unsigned long fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)call->pid, (int)fd);
	return path;
}

/* fd_node is the node behind a descriptor, or MODEL_NODES. */
static size_t
fd_node(const struct model *m, const struct step_call *call, unsigned long fd)
{
	struct stat st;

	return stat(fd_path(call, fd), &st) == 0 ? node_of(m, st.st_ino) : MODEL_NODES;
}

/* text_at reads a string of the traced process. */
static void
text_at(const struct step_call *call, unsigned long at, char out[256])
{
	struct iovec here = { out, 255 }, there = { (void *)at, 255 };
	ssize_t n = process_vm_readv(call->pid, &here, 1, &there, 1, 0);

	/* Near the end of a page, a byte at a time. */
	for (n = n < 0 ? 0 : n; n < 255; n++) {
		here = (struct iovec){ out + n, 1 };
		there = (struct iovec){ (char *)at + n, 1 };
		if (process_vm_readv(call->pid, &here, 1, &there, 1, 0) != 1)
			break;
	}
	out[n] = '\0';
}

/* made: a name in a directory is a new file or directory. */
static void
made(struct model *m, const struct step_call *call, size_t dir)
{
	char name[256], path[512];

	text_at(call, call->arg[1], name);
	snprintf(path, sizeof(path), "%s/%s", fd_path(call, call->arg[0]), name);
	change_add(m, dir, node_new(m, path), "", name);
}

/* opened: a file that is there, which may have lost its bytes by that. */
static void
opened(struct model *m, const struct step_call *call)
{
	unsigned long fd = (unsigned long)call->result;

	if ((call->arg[2] & O_TRUNC) == 0)
		return;
	version_add(&m->node[fd_node(m, call, fd)], fd_path(call, fd));
	if (m->changed != NULL)
		m->changed(m->data);
}

/* touched: a file has other bytes or attributes. */
static void
touched(struct model *m, const struct step_call *call)
{
	size_t node = fd_node(m, call, call->arg[0]);

	if (node == MODEL_NODES)
		return;
	version_add(&m->node[node], fd_path(call, call->arg[0]));
	if (m->changed != NULL)
		m->changed(m->data);
}

/* gone: a name is removed from a directory. */
static void
gone(struct model *m, const struct step_call *call, size_t dir)
{
	char name[256];

	text_at(call, call->arg[1], name);
	change_add(m, dir, 0, name, "");
}

/* renamed: within one directory, as all that we publish. */
static void
renamed(struct model *m, const struct step_call *call, size_t dir)
{
	char from[256], to[256], path[512];
	struct stat st;

	text_at(call, call->arg[1], from);
	text_at(call, call->arg[3], to);
	if (fd_node(m, call, call->arg[2]) != dir) {
		fprintf(stderr, "model: a rename between directories\n");
		exit(70);
	}
	snprintf(path, sizeof(path), "%s/%s", fd_path(call, call->arg[0]), to);
	if (stat(path, &st) != 0)
		tree_die(path);
	change_add(m, dir, node_of(m, st.st_ino), from, to);
}

void
model_hook(void *model, const struct step_call *call)
{
	struct model *m = model;
	size_t node;

	if (call->result < 0)
		return;
	switch (call->nr) {
	case SYS_openat:
		node = fd_node(m, call, call->arg[0]);
		if (fd_node(m, call, (unsigned long)call->result) < MODEL_NODES)
			opened(m, call);
		else if ((call->arg[2] & O_CREAT) != 0 && node < MODEL_NODES)
			made(m, call, node);
		break;
	case SYS_mkdirat:
		node = fd_node(m, call, call->arg[0]);
		if (node < MODEL_NODES)
			made(m, call, node);
		break;
	case SYS_write:
	case SYS_fchown:
	case SYS_fchmod:
	case SYS_utimensat:
	case SYS_fsetxattr:
	case SYS_fremovexattr:
		touched(m, call);
		break;
	case SYS_fsync:
	case SYS_fdatasync:
		node = fd_node(m, call, call->arg[0]);
		if (node < MODEL_NODES)
			synced(m, node);
		break;
	case SYS_unlinkat:
		node = fd_node(m, call, call->arg[0]);
		if (node < MODEL_NODES)
			gone(m, call, node);
		break;
#ifdef SYS_renameat
	case SYS_renameat:
#endif
	case SYS_renameat2:
		node = fd_node(m, call, call->arg[0]);
		if (node < MODEL_NODES)
			renamed(m, call, node);
		break;
	default:
		break;
	}
}
