/* SPDX-License-Identifier: ISC */
/*
 * reread.c: PgBouncer reads auth_file again only where its device, inode, mode, owner, size, or
 * time in whole seconds is another (src/loader.c, auth_loaded): what was edited in place within the
 * second in which it was read stays unread for ever, and an old password valid.
 */
#include "base/path.h"
#include "reload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* time_move gives an open file another second than it has, that is over: later edits differ too. */
static bool
time_move(int fd, const struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };
	time_t now = time(NULL);

	times[1].tv_sec = st->st_mtim.tv_sec == now - 1 ? now - 2 : now - 1;
	return futimens(fd, times) == 0;
}

/* moved tells whether `path` is a file, and ours enough to be given another time. */
static bool
moved(const char *path)
{
	struct tw_err ignored = TW_ERR_INIT;
	char name[TW_NAME_SIZE];
	struct stat st;
	int dir = tw_path_parent(path, name, &ignored), fd = -1;
	bool ok;

	if (dir >= 0)
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && time_move(fd, &st);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return ok;
}

bool
tw_reread(const struct tw_lint *lint, struct tw_findings *f, struct tw_err *e)
{
	const char *path = tw_lint_value(lint, "auth_file");
	struct stat st;

	/* A rename or a chmod came after the last write: that was no edit in place. */
	return *path == '\0' || moved(path) || stat(path, &st) != 0 ||
	       st.st_mtim.tv_sec != st.st_ctim.tv_sec || st.st_mtim.tv_nsec != st.st_ctim.tv_nsec ||
	       tw_finding_add(f, tw_lint_place(lint, "auth_file"), TW_WARNING, "auth-file-time",
	                      "touch it, and reload again", e,
	                      "auth_file: '%s' was written in place, and its time is not ours to "
	                      "change: where PgBouncer had read it in that same second it does "
	                      "not read it again",
	                      path);
}
