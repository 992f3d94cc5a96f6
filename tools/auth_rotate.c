/* SPDX-License-Identifier: ISC */
/* auth_rotate.c: twpool-auth rotate. One writer: it takes the lock of deploys. */
#include "auth.h"
#include "record/record.h"
#include "rotate/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * lock_take opens and locks the file that twpool-deploy and twpool-rollback lock; *fd is the
 * caller's. Where a deploy runs us the lock is its own already (TWPOOL_LOCK_FD).
 */
static bool
lock_take(int *fd, struct tw_err *e)
{
	char path[4096 + 16], holder[256] = "";
	char dir[4096];

	*fd = -1;
	if (getenv("TWPOOL_LOCK_FD") != NULL)
		return true;
	tw_record_state_dir(dir);
	snprintf(path, sizeof(path), "%s/lock", dir);
	*fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return true; /* nothing was ever deployed here */
	if (*fd < 0)
		return tw_fail_errno(e, EX_NOPERM, "'%s'", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (pread(*fd, holder, sizeof(holder) - 1, 0) < 0)
		*holder = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return tw_fail(e, EX_TEMPFAIL, "busy: %s", holder) ||
	       tw_hint(e, "Wait until it has ended.");
}

/* rotated_print says what was done, and no password. */
static bool
rotated_print(const struct options *o, const char *role, const struct tw_rotated *d,
              struct tw_err *e)
{
	json_t *report;

	if (o->json) {
		report = tw_json_report(AUTH_NAME, "ok");
		json_object_update_new(
		    report, json_pack("{ss sf si sb sb}", "role", role, "window_ms",
		                      (double)(long long)(d->window_ms * 1000) / 1000, "dsns",
		                      (int)d->dsns, "userlist", d->userlist, "pooler", d->pooler));
		return program_print(report, e);
	}
	if (!o->quiet)
		printf("%s has a new password: %zu DSN%s, %s, in %.1f ms\n", role, d->dsns,
		       d->dsns == 1 ? "" : "s",
		       !d->pooler     ? "no pooler runs"
		       : d->userlist ? "the pooler's userlist"
		                     : "the pooler looks it up",
		       d->window_ms);
	return true;
}

int
run_rotate(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_site site = TW_SITE_INIT;
	struct tw_buf password = TW_BUF_INIT;
	struct tw_rotated done = { 0 };
	int lock = -1;
	bool ok = auth_site(o, &site, e) && lock_take(&lock, e) &&
	          (o->password_file != NULL ? tw_password_read(o->password_file, &password, e)
	                                    : tw_password_new(&password, e)) &&
	          tw_rotate(&site, operands[0], password.data, AUTH_NAME, o->timeout * 1000, &done,
	                    e) &&
	          rotated_print(o, operands[0], &done, e);

	(void)n;
	if (lock >= 0)
		close(lock);
	tw_buf_free(&password);
	tw_site_free(&site);
	return ok ? 0 : e->exit;
}
