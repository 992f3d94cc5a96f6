/* SPDX-License-Identifier: ISC */
/* The DSNs: from bin/bigbang.json (keys app, admin, db), app from compiled_dsn.h where the
 * server was built with DSN=compiled. */
#ifndef GS_CONFIG_H
#define GS_CONFIG_H

#include "err.h"

#include <stddef.h>

struct gs_config {
	char *app;   /* for the game */
	char *admin; /* for --setup; NULL where the key is absent */
};

#define GS_CONFIG_INIT     \
	{                  \
		NULL, NULL \
	}

/* gs_config_read reads FILE. The first %DB% of each DSN is replaced by db; the result is cut to
 * buffer - 1 bytes without a word, as the server that this one imitates does. Duplicate keys:
 * the last wins. Fails with EX_NOINPUT, EX_DATAERR or EX_CONFIG, and out is untouched. */
bool gs_config_read(const char *file, size_t buffer, struct gs_config *out, struct gs_err *e);

/* gs_config_free wipes and frees; idempotent. */
void gs_config_free(struct gs_config *config);

#endif
