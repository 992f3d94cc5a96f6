/* SPDX-License-Identifier: ISC */
/*
 * prepared.h: a file that is written and durable beside the one that it replaces, so that the
 * replacement itself is one rename and takes no time. For changes that must happen together; all
 * others are tw_file_replace's.
 */
#pragma once

#include "file.h"
#include "path.h"

struct tw_prepared {
	int dir; /* of the file; -1 where nothing is prepared */
	char name[TW_NAME_SIZE], temp[TW_NAME_SIZE];
};

#define TW_PREPARED_INIT   \
	{                  \
		-1, "", "" \
	}

/*
 * tw_prepared_make writes n bytes beside the regular file `path`, with its owner and mode. Errors as
 * tw_file_replace; nothing is left on failure. What a killed process leaves, tw_file_sweep removes.
 */
bool tw_prepared_make(const char *path, const void *bytes, size_t n, struct tw_prepared *p,
                      struct tw_err *e);

/* tw_prepared_publish renames it over the file. Durable only after tw_prepared_free. */
bool tw_prepared_publish(struct tw_prepared *p, struct tw_err *e);

/* tw_prepared_free removes what was not published, makes durable what was. Idempotent. */
void tw_prepared_free(struct tw_prepared *p);
