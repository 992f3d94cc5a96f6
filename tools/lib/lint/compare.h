/* SPDX-License-Identifier: ISC */
/*
 * compare.h: a configuration against what a PgBouncer says that it has, key by key: of a shadow
 * boot, where every difference is ours, and of the one that runs, where it is drift.
 */
#pragma once

#include "lint.h"

/* What a console answered. The rows are the caller's; NULL: not asked. */
struct tw_readback {
	PGresult *config, *databases, *users;
};

#define TW_READBACK_INIT         \
	{                        \
		NULL, NULL, NULL \
	}

/* tw_readback_ask asks the console. Errors as tw_admin_show, and where an answer is not one. */
bool tw_readback_ask(PGconn *conn, tw_ms deadline, struct tw_readback *r, struct tw_err *e);

void tw_readback_free(struct tw_readback *r);

/*
 * tw_compare holds the file against the answers. `boot`: they are those of a shadow boot of this
 * very file, so that differences are boot-differs, and the keys of tw_boot_replaced do not count.
 * Otherwise: reload-needed, default-in-force, restart-needed.
 */
bool tw_compare(const struct tw_lint *lint, const struct tw_readback *r, bool boot,
                struct tw_live *live, struct tw_findings *f, struct tw_err *e);
