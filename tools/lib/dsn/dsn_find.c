/* SPDX-License-Identifier: ISC */
/*
 * dsn_find.c: the files below a directory, and the DSNs in them. The walk collects some files, two
 * threads read them, and what they found is handed over in the order of the walk.
 */
#include "base/file.h"
#include "base/path.h"
#include "dsn_plan.h"

#include <errno.h>
#include <fts.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More threads than these would only wait for each other's memory. */
#define THREADS 2
#define BATCH 512

/* One file: its path, owned, and what became of it; or why an entry of the walk cannot be read. */
struct job {
	char *path;
	struct tw_dsn_list list;
	bool failed;
	struct tw_err why;
};

struct batch {
	size_t n;
	atomic_size_t next;
	struct job *job; /* BATCH of them */
	tw_dsn_find_visit *visit;
	void *arg;
};

/* What a thread keeps from one file to the next: its memory, and the directory that it is in. */
struct reader {
	struct tw_buf bytes;
	char *parent; /* with its final slash */
	int dir;
};

/* by_name orders the entries of a directory. */
static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* parent_open has the reader's directory be that of a path; *name is the rest of the path. */
static bool
parent_open(struct reader *r, const char *path, const char **name, struct tw_err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	char last[TW_NAME_SIZE];

	*name = path + n;
	if (r->dir >= 0 && strlen(r->parent) == n && memcmp(r->parent, path, n) == 0)
		return true;
	if (r->dir >= 0)
		close(r->dir);
	free(r->parent);
	r->parent = strndup(path, n);
	r->dir = r->parent != NULL ? tw_path_parent(path, last, e) : -1;
	return r->parent != NULL ? r->dir >= 0 : tw_fail(e, EX_OSERR, "out of memory");
}

/* job_do reads one file, and finds its DSNs where it may have some. */
static void
job_do(struct job *j, struct reader *r)
{
	struct tw_source src = { .path = j->path };
	const char *name;

	r->bytes.len = 0;
	j->failed = !parent_open(r, j->path, &name, &j->why) ||
	            !tw_file_read_at(r->dir, name, j->path, TW_FILE_LIMIT, &r->bytes, NULL,
	                             &j->why);
	src.bytes = tw_buf_text(&r->bytes);
	src.n = r->bytes.len;
	if (!j->failed && tw_dsn_may(&src))
		j->failed = !tw_dsn_list_read(&src, &j->list, &j->why);
}

/* jobs_do is a thread: it takes the next file until none is left. */
static void *
jobs_do(void *arg)
{
	struct reader r = { .dir = -1 };
	struct batch *b = arg;
	size_t i;

	while ((i = atomic_fetch_add(&b->next, 1)) < b->n) {
		if (!b->job[i].failed)
			job_do(&b->job[i], &r);
	}
	if (r.dir >= 0)
		close(r.dir);
	free(r.parent);
	tw_buf_free(&r.bytes);
	return NULL;
}

/* batch_end has the files of a batch read, hands over what is in them, and empties it. */
static bool
batch_end(struct batch *b, bool ok, struct tw_err *e)
{
	pthread_t thread[THREADS - 1];
	size_t started = 0;

	atomic_store(&b->next, 0);
	while (ok && b->n > 1 && started < THREADS - 1 &&
	       pthread_create(&thread[started], NULL, jobs_do, b) == 0)
		started++;
	if (ok)
		jobs_do(b);
	while (started > 0)
		pthread_join(thread[--started], NULL);
	for (size_t i = 0; i < b->n; i++) {
		struct job *j = &b->job[i];

		if (ok && (j->failed || j->list.n > 0))
			ok = b->visit(j->path, j->failed ? NULL : &j->list,
			              j->failed ? &j->why : NULL, b->arg, e);
		tw_dsn_list_free(&j->list);
		free(j->path);
	}
	b->n = 0;
	return ok;
}

/* batch_add adds a file, or, with `why`, an entry that cannot be read. */
static bool
batch_add(struct batch *b, const char *path, const struct tw_err *why, struct tw_err *e)
{
	struct job *j = &b->job[b->n];

	*j = (struct job){ .path = strdup(path), .failed = why != NULL };
	if (j->path == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	if (why != NULL)
		j->why = *why;
	b->n++;
	return b->n < BATCH || batch_end(b, true, e);
}

/* entry_visit deals with one entry of the walk. */
static bool
entry_visit(FTS *walk, FTSENT *entry, struct batch *b, struct tw_err *e)
{
	struct tw_err why = TW_ERR_INIT;

	switch (entry->fts_info) {
	case FTS_D:
		if (strcmp(entry->fts_name, ".git") == 0)
			fts_set(walk, entry, FTS_SKIP);
		return true;
	case FTS_F:
		if (entry->fts_level == FTS_ROOTLEVEL)
			return tw_fail(e, EX_NOINPUT, "'%s' is not a directory", entry->fts_path);
		return !tw_text_known(entry->fts_name) || batch_add(b, entry->fts_path, NULL, e);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		if (entry->fts_level == FTS_ROOTLEVEL)
			return tw_fail_errno(e, EX_NOINPUT, "'%s'", entry->fts_path);
		tw_fail_errno(&why, EX_NOINPUT, "'%s'", entry->fts_path);
		return batch_add(b, entry->fts_path, &why, e);
	default:
		if (entry->fts_level == FTS_ROOTLEVEL && entry->fts_info != FTS_DP)
			return tw_fail(e, EX_NOINPUT, "'%s' is not a directory", entry->fts_path);
		return true;
	}
}

bool
tw_dsn_find(const char *dir, tw_dsn_find_visit *visit, void *arg, struct tw_err *e)
{
	char *roots[2] = { (char *)dir, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct batch b = { .visit = visit, .arg = arg };
	FTSENT *entry;
	bool ok = true;

	if (walk == NULL)
		return tw_fail_errno(e, EX_NOINPUT, "'%s'", dir);
	b.job = calloc(BATCH, sizeof(*b.job));
	if (b.job == NULL)
		ok = tw_fail(e, EX_OSERR, "out of memory");
	while (ok && (errno = 0, entry = fts_read(walk)) != NULL)
		ok = entry_visit(walk, entry, &b, e);
	if (ok && errno != 0)
		ok = tw_fail_errno(e, EX_IOERR, "'%s'", dir);
	ok = batch_end(&b, ok, e);
	free(b.job);
	fts_close(walk);
	return ok;
}
