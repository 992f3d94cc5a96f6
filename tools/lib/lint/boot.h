/* SPDX-License-Identifier: ISC */
/*
 * boot.h: the shadow boot: the installed binary itself, started on a copy of the configuration, as
 * PgBouncer's user, with a socket directory of its own, no TCP, no pidfile, no log but ours, asked
 * over its console and stopped. It opens no connection to PostgreSQL, and what it reads is what the
 * configuration names: auth_file, auth_hba_file, TLS files.
 */
#pragma once

#include "compare.h"

struct tw_boot {
	bool started; /* it came up */
	bool usable;  /* and its console answered */
	int status;   /* where it did not: its exit code, or 128 plus a signal */
	struct tw_live same;
	struct tw_readback readback; /* what it answered */
};

#define TW_BOOT_INIT                                        \
	{                                                   \
		false, false, 0, { 0, 0 }, TW_READBACK_INIT \
	}

void tw_boot_free(struct tw_boot *boot);

/* tw_boot_replaced tells whether the copy has another value for a key of [pgbouncer]. */
bool tw_boot_replaced(const struct tw_lint *lint, const char *key);

/*
 * tw_boot runs `binary` on the file of `lint`, which tw_lint_read has read, as lint->user where we
 * are root. Findings: boot-refused, boot-differs, boot-log. Errors: EX_UNAVAILABLE (no such
 * binary), EX_TEMPFAIL (a signal asked us to stop, or the deadline: the process is killed),
 * EX_OSERR, EX_CONFIG (as root, and no user is known). Nothing is left behind in any case.
 */
bool tw_boot(const struct tw_lint *lint, const char *binary, tw_ms deadline, struct tw_boot *boot,
             struct tw_findings *f, struct tw_err *e);

/* tw_boot_version asks a binary for its version, as TW_PGBOUNCER. EX_UNAVAILABLE, EX_TEMPFAIL. */
bool tw_boot_version(const char *binary, int *version, struct tw_err *e);

/*
 * tw_boot_copy writes the copy into the directory `dir`: ini, i1, i2... for what it includes, and
 * over, which has the replaced keys. Lines keep their numbers. The port is TW_BOOT_PORT.
 */
#define TW_BOOT_PORT "6432"
bool tw_boot_copy(const struct tw_lint *lint, const char *dir, struct tw_err *e);

/*
 * tw_boot_log appends findings for what the log has to say; `dir` is where the copy is. A line of
 * [databases] is not repeated: it may hold a password.
 */
bool tw_boot_log(const struct tw_lint *lint, const char *dir, const char *log, bool started,
                 struct tw_findings *f, struct tw_err *e);
