/* SPDX-License-Identifier: ISC */
/* dsn_find.c: the files below a directory, and the DSNs in them. */
#include "dsn_plan.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

/* by_name orders the entries of a directory. */
static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* file_visit reads one file, and hands over its DSNs or the reason why it cannot be read. */
static bool
file_visit(const char *path, tw_dsn_find_visit *visit, void *arg, struct tw_err *e)
{
	struct tw_buf bytes = TW_BUF_INIT;
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_err why = TW_ERR_INIT;
	bool ok;

	if (tw_dsn_load(path, &bytes, NULL, &list, &why))
		ok = visit(path, &list, NULL, arg, e);
	else
		ok = visit(path, NULL, &why, arg, e);
	tw_dsn_list_free(&list);
	tw_buf_free(&bytes);
	return ok;
}

/* entry_visit deals with one entry of the walk. */
static bool
entry_visit(FTS *walk, FTSENT *entry, tw_dsn_find_visit *visit, void *arg, struct tw_err *e)
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
		return !tw_text_known(entry->fts_name) ||
		       file_visit(entry->fts_path, visit, arg, e);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		if (entry->fts_level == FTS_ROOTLEVEL)
			return tw_fail_errno(e, EX_NOINPUT, "'%s'", entry->fts_path);
		tw_fail_errno(&why, EX_NOINPUT, "'%s'", entry->fts_path);
		return visit(entry->fts_path, NULL, &why, arg, e);
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
	FTSENT *entry;
	bool ok = true;

	if (walk == NULL)
		return tw_fail_errno(e, EX_NOINPUT, "'%s'", dir);
	while (ok && (errno = 0, entry = fts_read(walk)) != NULL)
		ok = entry_visit(walk, entry, visit, arg, e);
	if (ok && errno != 0)
		ok = tw_fail_errno(e, EX_IOERR, "'%s'", dir);
	fts_close(walk);
	return ok;
}
