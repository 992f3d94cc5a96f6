/* SPDX-License-Identifier: ISC */
/*
 * process.h: what the kernel tells of the running pooler, which anybody may ask (proc(5)), and what
 * lies on the disk in the place of its program. Linux only.
 */
#pragma once

#include <sys/types.h>
#include "stress/sample.h"

struct tw_process {
	pid_t pid; /* 0: not known, and so is all the rest */
	uid_t uid;
	gid_t gid;
	long long started;      /* when, in seconds of the clock as it is set now; 0: not known */
	long descriptors;       /* open ones; -1: /proc/PID/fd is closed to us */
	long descriptors_most;  /* the soft limit of them; -1: not known, or none */
	long long memory_bytes; /* resident; -1: not known */
	long long memory_most_bytes; /* the lowest of its cgroups', its own and the machine's */
	char program[512];           /* the file that it was started from; "" where not known */
	bool replaced;               /* another file has that name since */
	bool stopped;                /* by SIGSTOP or a debugger */
	char on_disk[64];            /* then its version, "1.24.1"; "" where it does not say */
};

/*
 * tw_process_find asks the kernel who listens at the Unix socket of an open console connection, and
 * then for the rest. pid stays 0 for a console over TCP, another's socket (systemd), or where /proc
 * hides it. A program that was replaced is run with -V, for a second at most, if it belongs to root
 * alone.
 */
void tw_process_find(PGconn *console, struct tw_process *p);

/*
 * tw_process_hung asks the kernel who listens at a Unix socket (`host` is its directory) that
 * accepts nothing, and what may be the reason: fills pid, stopped and the descriptors. pid stays 0
 * where that cannot be told, as above. Never blocks.
 */
void tw_process_hung(const char *host, const char *port, struct tw_process *p);

/*
 * tw_process_descriptors is how many descriptors are open: counted, or else estimated from the
 * sample (*estimated): clients, server connections, what it listens on and a dozen of its own.
 */
long tw_process_descriptors(const struct tw_process *p, const struct tw_sample *s, bool *estimated);
