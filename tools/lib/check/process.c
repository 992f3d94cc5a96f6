/* SPDX-License-Identifier: ISC */
/* process.c: /proc/PID, a line at a time. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/run.h"

/* Log, epoll, pidfile, signals, DNS and the console's own client. */
#define DESCRIPTORS_OWN 12

/* part_open opens a file of /proc/PID for reading; NULL where it is not there or closed to us. */
static FILE *
part_open(pid_t pid, const char *part)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, part);
	return fopen(path, "re");
}

/* line_number is the first number behind `key` at the start of a line; `none` where it is absent.
 */
static long long
line_number(FILE *f, const char *key, long long none)
{
	char line[512];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *at = line + strlen(key), *end;
		long long n;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		n = strtoll(at, &end, 10);
		return end > at ? n : none;
	}
	return none;
}

/* part_number is line_number of a part. */
static long long
part_number(pid_t pid, const char *part, const char *key, long long none)
{
	FILE *f = part_open(pid, part);
	long long n = line_number(f, key, none);

	if (f != NULL)
		fclose(f);
	return n;
}

/* start_read finds out when it was started: field 22 of stat, behind a name that may have blanks.
 */
static void
start_read(struct tw_process *p)
{
	char line[1024] = "", *at;
	FILE *f = part_open(p->pid, "stat"), *boot = fopen("/proc/stat", "re");
	long long booted = line_number(boot, "btime", 0), tick = 0;

	if (f != NULL && fgets(line, sizeof(line), f) != NULL &&
	    (at = strrchr(line, ')')) != NULL) {
		for (int field = 2; field < 22 && at != NULL; field++)
			at = strchr(at + 1, ' ');
		tick = at != NULL ? strtoll(at, NULL, 10) : 0;
	}
	if (tick > 0 && booted > 0)
		p->started = booted + tick / sysconf(_SC_CLK_TCK);
	if (f != NULL)
		fclose(f);
	if (boot != NULL)
		fclose(boot);
}

/* descriptors_count counts /proc/PID/fd; -1 where it is closed to us. */
static long
descriptors_count(pid_t pid)
{
	char path[64];
	long n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (d == NULL)
		return -1;
	for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

/* lower makes *most the lower of two limits. */
static void
lower(long long *most, long long limit)
{
	if (limit > 0 && limit < *most)
		*most = limit;
}

/* cgroups_read lowers *most to the limits of a process's cgroup and those around it (v2). */
static void
cgroups_read(pid_t pid, long long *most)
{
	char line[512] = "", path[600];
	FILE *f = part_open(pid, "cgroup");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL && strncmp(line, "0::", 3) != 0)
		line[0] = '\0';
	if (f != NULL)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	for (char *end = line + strlen(line); end > line + 3; end = strrchr(line, '/')) {
		*end = '\0';
		snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", line + 3);
		f = fopen(path, "re");
		lower(most, line_number(f, "", 0)); /* "max" is no number */
		if (f != NULL)
			fclose(f);
	}
}

/* memory_read takes over what it uses, and how much it may. */
static void
memory_read(struct tw_process *p)
{
	FILE *machine = fopen("/proc/meminfo", "re");
	long long kib = part_number(p->pid, "status", "VmRSS:", -1);
	long long most = line_number(machine, "MemTotal:", 0) * 1024;

	if (machine != NULL)
		fclose(machine);
	lower(&most, part_number(p->pid, "limits", "Max address space", 0));
	cgroups_read(p->pid, &most);
	p->memory_bytes = kib >= 0 ? kib * 1024 : -1;
	p->memory_most_bytes = most;
}

/*
 * program_read finds the file that the process runs: of the kernel, or where that tells only its
 * user, of the command line. `gone` tells that the kernel says it is deleted.
 */
static void
program_read(struct tw_process *p, bool *gone)
{
	static const char deleted[] = " (deleted)";
	char path[64];
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	n = readlink(path, p->program, sizeof(p->program) - 1);
	if (n < 0 && (f = part_open(p->pid, "cmdline")) != NULL) {
		n = (ssize_t)fread(p->program, 1, sizeof(p->program) - 1, f);
		fclose(f);
	}
	p->program[n > 0 ? n : 0] = '\0';
	n = (ssize_t)strlen(p->program) - (ssize_t)strlen(deleted);
	*gone = n > 0 && strcmp(p->program + n, deleted) == 0;
	if (*gone)
		p->program[n] = '\0';
	if (p->program[0] != '/')
		p->program[0] = '\0';
}

/* version_read asks a program for its version; only one that nobody but root can have put there. */
static void
version_read(const char *program, const struct stat *st, char out[64])
{
	const char *const argv[] = { program, "-V", NULL };
	const char *base = strrchr(program, '/') + 1;
	struct tw_buf text = TW_BUF_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	int status = 1;

	if (strcmp(base, "pgbouncer") == 0 && st->st_uid == 0 &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 && tw_run(argv, 1, &text, &status, &ignored) &&
	    status == 0)
		sscanf(tw_buf_text(&text), "PgBouncer %63s", out);
	tw_buf_free(&text);
}

/*
 * disk_read finds out whether the program was replaced: dpkg and rpm rename a new file over it,
 * which sets its ctime.
 */
static void
disk_read(struct tw_process *p)
{
	bool gone;
	struct stat st;

	program_read(p, &gone);
	if (p->program[0] == '\0' || stat(p->program, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	p->replaced = gone || (p->started > 0 && st.st_ctim.tv_sec > p->started + 1);
	if (p->replaced)
		version_read(p->program, &st, p->on_disk);
}

/* peer_read takes over who is at the other end of a socket; false where that is not known. */
static bool
peer_read(int fd, struct tw_process *p)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	*p = (struct tw_process){ .descriptors = -1, .memory_bytes = -1 };
	/* Of a connection over TCP the kernel knows no process. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 1 ||
	    part_number(peer.pid, "status", "VmRSS:", -1) < 0)
		return false;
	p->pid = peer.pid;
	p->uid = peer.uid;
	p->gid = peer.gid;
	p->descriptors = descriptors_count(p->pid);
	p->descriptors_most = (long)part_number(p->pid, "limits", "Max open files", -1);
	return true;
}

/* stopped_read tells whether a process is stopped: "State:	T (stopped)". */
static bool
stopped_read(pid_t pid)
{
	char line[256], state = ' ';
	FILE *f = part_open(pid, "status");

	while (f != NULL && state == ' ' && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "State: %c", &state);
	if (f != NULL)
		fclose(f);
	return state == 'T' || state == 't';
}

void
tw_process_hung(const char *host, const char *port, struct tw_process *p)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.%s", host, port);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*p = (struct tw_process){ .descriptors = -1, .memory_bytes = -1 };
	if (fd < 0)
		return;
	/* Who listens is known before anybody accepts. */
	if (n < (int)sizeof(at.sun_path) && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    peer_read(fd, p))
		p->stopped = stopped_read(p->pid);
	close(fd);
}

void
tw_process_find(PGconn *console, struct tw_process *p)
{
	if (!peer_read(PQsocket(console), p))
		return;
	start_read(p);
	memory_read(p);
	disk_read(p);
}

long
tw_process_descriptors(const struct tw_process *p, const struct tw_sample *s, bool *estimated)
{
	*estimated = p->descriptors < 0;
	return *estimated ? s->clients + (long)s->servers.n + DESCRIPTORS_OWN : p->descriptors;
}
