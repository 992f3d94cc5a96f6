/* SPDX-License-Identifier: ISC */
/*
 * host.h: what the host itself tells about a pooler on it: its process, files that its settings
 * name, the last deploy. Each part says whether it could be looked at.
 */
#pragma once

#include "advisories.h"
#include "process.h"

/* A file of certificates that a setting names. */
struct tw_host_certificate {
	const char *key; /* "client_tls_cert_file"; static */
	char path[512];
	long long until; /* of the epoch */
	struct tw_err e; /* why that is not known; 0 */
};

#define TW_HOST_CERTIFICATES 4

/* Whether the pooler can go on writing its log. */
enum tw_log_state {
	TW_LOG_UNKNOWN, /* its directory is closed to us, or its user is not known */
	TW_LOG_NONE,    /* it has no logfile */
	TW_LOG_GOOD,
	TW_LOG_ABSENT,   /* the directory does not exist */
	TW_LOG_CLOSED,   /* to the pooler's user */
	TW_LOG_READONLY, /* its file system */
	TW_LOG_FULL,     /* its file system, for others than root */
};

/* How the last deploy or rollback ended. */
enum tw_deploy_state {
	TW_DEPLOY_UNKNOWN, /* the records are root's */
	TW_DEPLOY_NONE,    /* nothing was ever deployed */
	TW_DEPLOY_DONE,
	TW_DEPLOY_BUSY, /* one is under way */
	TW_DEPLOY_OPEN, /* one ended in the midst of it */
};

struct tw_host {
	struct tw_process process;
	size_t certificates;
	struct tw_host_certificate certificate[TW_HOST_CERTIFICATES];
	enum tw_log_state log;
	char log_path[512];
	bool advised; /* the list was read */
	struct tw_advisories advisories;
	struct tw_err advisories_error;
	enum tw_deploy_state deploy;
	unsigned generation;
	char generation_state[16];
};

/*
 * tw_host_ask looks at everything that a sample with its tables (kept, of an open console
 * connection) leads to. It never blocks on the network; files may hang where their disk does.
 */
void tw_host_ask(PGconn *console, const struct tw_sample *s, struct tw_host *host);
