/* SPDX-License-Identifier: ISC */
/* host.c: what is beside the running pooler. */
#include "host.h"
#include "certificate.h"
#include "record/record.h"
#include "site/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* setting is a value of SHOW CONFIG, "" where there is none. */
static const char *
setting(const struct tw_sample *s, const char *key)
{
	const PGresult *rows = s->table[TW_ADMIN_CONFIG];
	int row = rows != NULL ? tw_admin_row(rows, "key", key) : -1;

	return row >= 0 ? tw_admin_value(rows, row, "value") : "";
}

/* certificates_ask reads every file of certificates that is set. */
static void
certificates_ask(const struct tw_sample *s, struct tw_host *h)
{
	static const struct {
		const char *key;
		bool authorities;
	} files[TW_HOST_CERTIFICATES] = { { "client_tls_cert_file", false },
		                          { "client_tls_ca_file", true },
		                          { "server_tls_cert_file", false },
		                          { "server_tls_ca_file", true } };

	for (size_t i = 0; i < TW_HOST_CERTIFICATES; i++) {
		struct tw_host_certificate *c = &h->certificate[h->certificates];
		const char *path = setting(s, files[i].key);

		if (*path != '/')
			continue;
		*c = (struct tw_host_certificate){ .key = files[i].key };
		snprintf(c->path, sizeof(c->path), "%s", path);
		tw_certificate_expiry(path, files[i].authorities, &c->until, &c->e);
		h->certificates++;
	}
}

/*
 * may_write tells whether a user with one group may make files in a directory; *unsure where
 * another of its groups might. ACLs apart.
 */
static bool
may_write(const struct stat *st, uid_t uid, gid_t gid, bool *unsure)
{
	const mode_t both = S_IWOTH | S_IXOTH;

	*unsure = false;
	if (uid == 0)
		return true;
	if (st->st_uid == uid)
		return (st->st_mode >> 6 & both) == both;
	if (st->st_gid == gid)
		return (st->st_mode >> 3 & both) == both;
	*unsure = (st->st_mode >> 3 & both) == both;
	return (st->st_mode & both) == both;
}

/* log_state looks at the directory of the log. */
static enum tw_log_state
log_state(const struct tw_process *p, const char *directory)
{
	struct statvfs fs;
	bool unsure;
	struct stat st;

	if (p->pid == 0)
		return TW_LOG_UNKNOWN;
	if (stat(directory, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? TW_LOG_ABSENT : TW_LOG_UNKNOWN;
	if (!may_write(&st, p->uid, p->gid, &unsure))
		return unsure ? TW_LOG_UNKNOWN : TW_LOG_CLOSED;
	if (statvfs(directory, &fs) != 0)
		return TW_LOG_UNKNOWN;
	if ((fs.f_flag & ST_RDONLY) != 0)
		return TW_LOG_READONLY;
	return fs.f_bavail == 0 ? TW_LOG_FULL : TW_LOG_GOOD;
}

/* log_ask finds the directory of the log. */
static void
log_ask(const struct tw_sample *s, struct tw_host *h)
{
	char directory[512], *slash;

	snprintf(h->log_path, sizeof(h->log_path), "%s", setting(s, "logfile"));
	snprintf(directory, sizeof(directory), "%s", h->log_path);
	slash = strrchr(directory, '/');
	h->log = TW_LOG_NONE;
	if (slash == NULL)
		return; /* none, or relative to where it was started */
	slash[slash == directory] = '\0';
	h->log = log_state(&h->process, directory);
}

/*
 * lock_held tells whether a deploy or rollback is under way. As the kernel lists it: to try the
 * lock would be to take it from a deploy that begins.
 */
static bool
lock_held(void)
{
	char state[4096], path[4096 + 8], line[256];
	FILE *f = fopen("/proc/locks", "re");
	bool held = false;
	struct stat st;

	tw_record_state_dir(state);
	snprintf(path, sizeof(path), "%s/lock", state);
	if (f == NULL)
		return false;
	/* "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF" */
	while (!held && lstat(path, &st) == 0 && fgets(line, sizeof(line), f) != NULL) {
		unsigned long long inode;

		held = strstr(line, "FLOCK") != NULL &&
		       sscanf(line, "%*s %*s %*s %*s %*s %*x:%*x:%llu", &inode) == 1 &&
		       inode == st.st_ino;
	}
	fclose(f);
	return held;
}

/* deploy_ask looks at the newest generation; the records are root's alone. */
static void
deploy_ask(struct tw_host *h)
{
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_record r = TW_RECORD_INIT;
	unsigned *list = NULL;
	size_t n = 0;

	if (geteuid() != 0 || !tw_record_numbers(&list, &n, &ignored))
		return;
	h->deploy = TW_DEPLOY_NONE;
	if (n > 0 && tw_record_load(list[n - 1], &r, &ignored)) {
		const char *state = tw_record_state(&r);
		bool ended = strcmp(state, "complete") == 0 || strcmp(state, "undone") == 0;

		h->generation = list[n - 1];
		snprintf(h->generation_state, sizeof(h->generation_state), "%s", state);
		h->deploy = ended ? TW_DEPLOY_DONE : lock_held() ? TW_DEPLOY_BUSY : TW_DEPLOY_OPEN;
	} else if (n > 0) {
		h->deploy = TW_DEPLOY_UNKNOWN;
	}
	tw_record_free(&r);
	free(list);
}

void
tw_host_ask(PGconn *console, const struct tw_sample *s, struct tw_host *host)
{
	struct tw_err ignored = TW_ERR_INIT;
	int version = 0;

	*host = (struct tw_host){ 0 };
	tw_process_find(console, &host->process);
	certificates_ask(s, host);
	log_ask(s, host);
	host->advised = tw_key_version(s->version, &version, &ignored) &&
	                tw_advisories_read(version, &host->advisories, &host->advisories_error);
	deploy_ask(host);
}
