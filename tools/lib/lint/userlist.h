/* SPDX-License-Identifier: ISC */
/*
 * userlist.h: PgBouncer's auth_file, read as load_auth_file of src/loader.c reads it, but saying
 * what that lets pass. Secrets are never repeated. The users point into the text.
 */
#pragma once

#include "base/buf.h"
#include "base/finding.h"

/* One user as written: a quote in the name is doubled. */
struct tw_user {
	const char *name;
	size_t n;
	int line;
	bool scram; /* the secret is one of SCRAM, which opens nothing but a login with it */
};

struct tw_userlist {
	size_t n, room, secrets; /* secrets: how many users have one */
	struct tw_user *user;
	size_t n_slots;
	size_t *slot; /* a hash of the names: index + 1, or 0 */
};

#define TW_USERLIST_INIT               \
	{                              \
		0, 0, 0, NULL, 0, NULL \
	}

void tw_userlist_free(struct tw_userlist *list);

/*
 * tw_userlist_parse reads the users that PgBouncer of `version` (0: the newest) would have, up to
 * where it stops. `file` is the name in findings, which keep it. EX_OSERR without memory.
 */
bool tw_userlist_parse(const struct tw_buf *text, const char *file, int version,
                       struct tw_userlist *list, struct tw_findings *f, struct tw_err *e);

/* tw_userlist_user is the user of these n bytes, as written, or NULL. */
const struct tw_user *tw_userlist_user(const struct tw_userlist *list, const char *name, size_t n);
