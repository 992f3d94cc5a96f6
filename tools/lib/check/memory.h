/* SPDX-License-Identifier: ISC */
/*
 * memory.h: what the last run of a check said, kept in a file, so that the next one need speak only
 * of what is news. Times are seconds since boot (CLOCK_BOOTTIME), which nobody sets: a clock that
 * jumps makes nobody silent.
 */
#pragma once

#include "base/json.h"
#include "verdict.h"

struct tw_memory {
	bool known;
	enum tw_status status;
	long long bad_since; /* not OK since then; 0 while OK */
	long long spoken;    /* of that, when it was last told */
};

/* What there is to tell: `text` is one line without its end, "" where the verdict says it all. */
struct tw_news {
	bool speak, changed; /* changed: `after` differs from what the file has */
	char text[128];
};

/* tw_memory_now is the present time. */
long long tw_memory_now(void);

/*
 * tw_memory_read reads what the last run left in `path`. A file that is absent, not regular, of
 * somebody else, writable for others, malformed, of another boot or of the future is not known.
 */
void tw_memory_read(const char *path, const char *tool, long long now, struct tw_memory *m);

/*
 * tw_memory_between is what the last run left for between.h in the same file, believed as far; NULL
 * where there is nothing. The caller's (json_decref).
 */
json_t *tw_memory_between(const char *path, const char *tool);

/*
 * tw_memory_write replaces the file, mode 0644; `between` (borrowed) may be NULL, `m` not known.
 * Errors of tw_file_replace.
 */
bool tw_memory_write(const char *path, const char *tool, const struct tw_memory *m, json_t *between,
                     struct tw_err *e);

/*
 * tw_memory_judge holds a verdict against the last one: news is a status that changes, one that is
 * not OK where none is known, and after an hour one that is still not OK.
 */
void tw_memory_judge(const struct tw_memory *before, enum tw_status status, long long now,
                     struct tw_memory *after, struct tw_news *news);

/*
 * tw_memory_lock takes the lock of `path`, which is the file `path`.lock; *fd is the caller's
 * (close). EX_TEMPFAIL, with since when, where another run has it. Other errors: no lock is to be
 * had.
 */
bool tw_memory_lock(const char *path, int *fd, struct tw_err *e);
