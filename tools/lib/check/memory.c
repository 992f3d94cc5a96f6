/* SPDX-License-Identifier: ISC */
/* memory.c: the state file of a check, which is believed only as far as it can be checked. */
#include "base/file.h"
#include "base/path.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* The kernel's name for this boot. */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* An hour, less what cron's minute varies: the run after 59.9 minutes is to speak. */
#define AGAIN_SECONDS 3540

/* The file is some 250 bytes, and 100 more for each database. */
#define FILE_MOST ((size_t)1 << 20)

long long
tw_memory_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* boot_id_read appends the name of this boot without its line end. */
static bool
boot_id_read(struct tw_buf *b, struct tw_err *e)
{
	bool ok = tw_file_read(BOOT_ID, FILE_MOST, b, NULL, e);

	if (ok && b->len > 0 && b->data[b->len - 1] == '\n')
		b->data[--b->len] = '\0';
	return ok;
}

/* status_read is the status of this word; false where there is none. */
static bool
status_read(const char *word, enum tw_status *status)
{
	for (int i = TW_STATUS_OK; i <= TW_STATUS_UNKNOWN; i++) {
		if (word != NULL && strcmp(tw_status_word((enum tw_status)i), word) == 0) {
			*status = (enum tw_status)i;
			return true;
		}
	}
	return false;
}

/* integer is a whole number of a document, -1 where it is none. */
static long long
integer(const json_t *document, const char *key)
{
	const json_t *value = json_object_get(document, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* document_read is the file as far as it may be believed, or NULL; the caller's (json_decref). */
static json_t *
document_read(const char *path, const char *tool)
{
	struct tw_buf bytes = TW_BUF_INIT, boot = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	json_t *document = NULL;
	struct stat st;

	if (tw_file_read(path, FILE_MOST, &bytes, &st, &ignored) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    boot_id_read(&boot, &ignored))
		document = tw_json_parse(bytes.data, bytes.len, path, &ignored);
	if (document != NULL &&
	    (integer(document, "schema") != 1 || !tw_json_is(document, "tool", tool) ||
	     !tw_json_is(document, "boot_id", tw_buf_text(&boot)))) {
		json_decref(document);
		document = NULL;
	}
	tw_buf_free(&boot);
	tw_buf_free(&bytes);
	return document;
}

void
tw_memory_read(const char *path, const char *tool, long long now, struct tw_memory *m)
{
	json_t *document = document_read(path, tool);
	struct tw_memory own = { .known = true,
		                 .bad_since = integer(document, "not_ok_since_seconds"),
		                 .spoken = integer(document, "spoken_seconds") };

	*m = (struct tw_memory){ 0 };
	if (status_read(json_string_value(json_object_get(document, "status")), &own.status) &&
	    own.bad_since >= 0 && own.bad_since <= own.spoken && own.spoken <= now)
		*m = own;
	json_decref(document);
}

json_t *
tw_memory_between(const char *path, const char *tool)
{
	json_t *document = document_read(path, tool);
	json_t *between = json_incref(json_object_get(document, "between"));

	json_decref(document);
	return between;
}

bool
tw_memory_write(const char *path, const char *tool, const struct tw_memory *m, json_t *between,
                struct tw_err *e)
{
	const struct tw_attr attr = { .mode = 0644, .uid = geteuid(), .gid = getegid() };
	struct tw_buf bytes = TW_BUF_INIT, boot = TW_BUF_INIT;
	enum tw_status status = m->known ? m->status : TW_STATUS_UNKNOWN;
	json_t *document = tw_json_report(tool, tw_status_word(status));
	bool ok = boot_id_read(&boot, e);

	json_object_set_new(document, "boot_id", json_string(tw_buf_text(&boot)));
	json_object_set_new(document, "not_ok_since_seconds",
	                    m->known ? json_integer(m->bad_since) : json_null());
	json_object_set_new(document, "spoken_seconds",
	                    m->known ? json_integer(m->spoken) : json_null());
	if (between != NULL)
		json_object_set(document, "between", between);
	ok = ok && tw_json_text(document, &bytes, e) &&
	     tw_file_replace(path, bytes.data, bytes.len, &attr, e);
	json_decref(document);
	tw_buf_free(&boot);
	tw_buf_free(&bytes);
	return ok;
}

/* span_text is "12 min", in the largest unit of which there are two. */
static void
span_text(long long seconds, char *out, size_t size)
{
	static const struct {
		const char *name;
		long long seconds;
	} units[] = { { "days", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	size_t i = 0;

	while (units[i].seconds > 1 && seconds < 2 * units[i].seconds)
		i++;
	snprintf(out, size, "%lld %s", seconds / units[i].seconds, units[i].name);
}

/* word_upper is a status as a plugin says it. */
static const char *
word_upper(enum tw_status status)
{
	static const char *const words[] = {
		[TW_STATUS_OK] = "OK",
		[TW_STATUS_WARNING] = "WARNING",
		[TW_STATUS_CRITICAL] = "CRITICAL",
		[TW_STATUS_UNKNOWN] = "UNKNOWN",
	};

	return words[status];
}

void
tw_memory_judge(const struct tw_memory *before, enum tw_status status, long long now,
                struct tw_memory *after, struct tw_news *news)
{
	bool well = status == TW_STATUS_OK,
	     was_well = !before->known || before->status == TW_STATUS_OK;
	bool same = before->known && before->status == status;
	char span[48];

	*news = (struct tw_news){ .speak = same ? !well && now - before->spoken >= AGAIN_SECONDS
		                                : !well || !was_well };
	*after = *before;
	if (same && !news->speak)
		return;
	news->changed = true;
	*after = (struct tw_memory){ .known = true, .status = status };
	if (!well) {
		after->bad_since = was_well ? now : before->bad_since;
		after->spoken = now;
	}
	if (was_well)
		return;
	span_text(now - before->bad_since, span, sizeof(span));
	if (well)
		snprintf(news->text, sizeof(news->text), "OK again after %s", span);
	else if (same)
		snprintf(news->text, sizeof(news->text), "not OK for %s", span);
	else
		snprintf(news->text, sizeof(news->text), "%s before, not OK for %s",
		         word_upper(before->status), span);
}

/* lock_since says since when the lock is held: its file's time. */
static bool
lock_since(int fd, const char *path, struct tw_err *e)
{
	char text[16] = "?";
	struct stat st;
	struct tm utc;

	if (fstat(fd, &st) == 0 && gmtime_r(&st.st_mtime, &utc) != NULL)
		strftime(text, sizeof(text), "%H:%M:%S", &utc);
	return tw_fail(e, EX_TEMPFAIL, "another check with '%s' is under way since %s UTC", path,
	               text);
}

bool
tw_memory_lock(const char *path, int *fd, struct tw_err *e)
{
	char name[TW_NAME_SIZE + sizeof(".lock")];
	int dir = tw_path_parent(path, name, e), own;
	struct stat st;
	bool ok = true;

	if (dir < 0)
		return false;
	memcpy(name + strlen(name), ".lock", sizeof(".lock"));
	/* Readable is enough for flock(2), also on a file system that has become read-only. */
	own = openat(dir, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	/* Root who tries cron's command must not leave a lock that cron's user cannot open. */
	if (own >= 0 && geteuid() == 0 && fstat(dir, &st) == 0 &&
	    fchown(own, st.st_uid, (gid_t)-1) != 0)
		ok = tw_fail_errno(e, EX_CANTCREAT, "'%s.lock'", path);
	close(dir);
	if (own < 0)
		return tw_fail_errno(e, EX_CANTCREAT, "'%s.lock'", path);
	if (ok && flock(own, LOCK_EX | LOCK_NB) != 0)
		ok = errno == EWOULDBLOCK ? lock_since(own, path, e)
		                          : tw_fail_errno(e, EX_OSERR, "lock '%s.lock'", path);
	if (!ok) {
		close(own);
		return false;
	}
	futimens(own, NULL); /* for lock_since; no more than a help */
	*fd = own;
	return true;
}
