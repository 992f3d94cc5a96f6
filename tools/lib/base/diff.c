/* SPDX-License-Identifier: ISC */
/* diff.c: hands two texts to diff(1) as descriptors that it inherits. */
#include "diff.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIFF_SECONDS 10

/* memory_file is a descriptor, inherited by children, of a file with these bytes; -1 on failure. */
static int
memory_file(const struct tw_buf *b, struct tw_err *e)
{
	int fd = memfd_create("twpool", 0);
	size_t done = 0;

	while (fd >= 0 && done < b->len) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		tw_fail_errno(e, EX_OSERR, "file in memory");
	return fd;
}

bool
tw_diff(const char *old_label, const struct tw_buf *old, const char *new_label,
        const struct tw_buf *new, struct tw_buf *out, struct tw_err *e)
{
	char old_path[32], new_path[32];
	const char *const argv[] = { "diff",    "-u",     "--label", old_label, "--label",
		                     new_label, old_path, new_path,  NULL };
	int a = memory_file(old, e), b = a >= 0 ? memory_file(new, e) : -1, status = 0;
	bool ok = b >= 0;

	snprintf(old_path, sizeof(old_path), "/proc/self/fd/%d", a);
	snprintf(new_path, sizeof(new_path), "/proc/self/fd/%d", b);
	ok = ok && tw_run(argv, DIFF_SECONDS, out, &status, e) &&
	     (status <= 1 || tw_fail(e, EX_UNAVAILABLE, "'diff' failed with status %d", status));
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	return ok;
}
