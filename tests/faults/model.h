/* SPDX-License-Identifier: ISC */
/*
 * model.h: what a disk may hold after a power cut, as far as POSIX promises anything. It is built
 * from the system calls of a run: a file's bytes and attributes are on the disk when the file was
 * fsynced, the names in a directory when the directory was; before that any of them may be, in any
 * order.
 */
#pragma once

#include "step.h"

#include <stddef.h>
#include <sys/stat.h>

/* What a file or directory is at one time. */
struct version {
	struct stat st; /* mode, owner, time */
	char *data;     /* of a file */
	size_t n;
	unsigned long long hash;       /* of the data */
	unsigned long long attributes; /* of the extended attributes */
	bool kept;                     /* has user.twpool=kept */
};

/* A file or directory with all that it was since it was on the disk. */
struct node {
	ino_t ino; /* 0 once it is gone */
	bool dir;
	struct version *version;
	size_t n, durable; /* version[durable] is on the disk */
};

/* A change of one directory. */
struct change {
	size_t dir, node; /* node: what `to` is then */
	char from[256];   /* the name that goes, or "" */
	char to[256];     /* the name that comes, or "" */
};

/* A name that is on the disk. */
struct name {
	size_t dir, node;
	char name[256];
};

#define MODEL_NODES 4096
#define MODEL_NAMES 1024
#define MODEL_PENDING 512

struct model {
	struct node node[MODEL_NODES]; /* 0 is the root */
	size_t nodes;
	struct name name[MODEL_NAMES];
	size_t names;
	struct change pending[MODEL_PENDING];
	size_t n_pending;
	void (*changed)(void *data); /* called after each change; may be NULL */
	void *data;
};

/* model_load makes the model of a tree of which all is on the disk. */
void model_load(struct model *m, const char *root);

/* model_free frees a model that calloc made. */
void model_free(struct model *m);

/* model_hook is a step_hook whose data is the model. */
void model_hook(void *model, const struct step_call *call);

/* model_apply makes a change in a list of names; the list is large enough. */
void model_apply(struct name *names, size_t *n, const struct change *c);
