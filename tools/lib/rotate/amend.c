/* SPDX-License-Identifier: ISC */
/* amend.c: the userlists in the records of deploys that are in force. */
#include "pg/userlist.h"
#include "record/record.h"
#include "rotate.h"

#include <stdlib.h>
#include <string.h>

#define USERLIST "/etc/pgbouncer/twpool/userlist.txt"

/* state_amend replaces the bytes of one recorded state, where the role is in them. */
static bool
state_amend(const struct tw_record *r, json_t *state, const char *role, const char *secret,
            struct tw_err *e)
{
	const char *sha = json_string_value(json_object_get(state, "sha256"));
	struct tw_buf old = TW_BUF_INIT, new = TW_BUF_INIT;
	char digest[TW_SHA256_SIZE];
	bool found = false, ok;

	if (sha == NULL)
		return true;
	ok = tw_record_get(r, sha, &old, e) &&
	     tw_userlist_set(tw_buf_text(&old), old.len, role, secret, &new, &found, e) &&
	     (!found || (tw_record_put(r, new.data, new.len, digest, e) &&
	                 json_object_set_new(state, "sha256", json_string(digest)) == 0));
	tw_buf_free(&old);
	tw_buf_free(&new);
	return ok;
}

/* record_amend amends one record. */
static bool
record_amend(struct tw_record *r, const char *role, const char *secret, struct tw_err *e)
{
	json_t *entry;
	bool ok = true, any = false;
	size_t i;

	json_array_foreach (tw_record_entries(r), i, entry) {
		const char *path = json_string_value(json_object_get(entry, "path"));

		if (path == NULL || strcmp(path, USERLIST) != 0)
			continue;
		any = true;
		ok = ok && state_amend(r, json_object_get(entry, "old"), role, secret, e) &&
		     state_amend(r, json_object_get(entry, "new"), role, secret, e);
	}
	return ok && (!any || tw_record_save(r, e));
}

bool
tw_rotate_amend(const char *role, const char *secret, struct tw_err *e)
{
	unsigned *list = NULL;
	size_t n = 0;
	bool ok = tw_record_numbers(&list, &n, e);

	for (size_t i = 0; ok && i < n; i++) {
		struct tw_record r = TW_RECORD_INIT;

		ok = tw_record_load(list[i], &r, e) &&
		     (strcmp(tw_record_state(&r), "undone") == 0 ||
		      record_amend(&r, role, secret, e));
		tw_record_free(&r);
	}
	free(list);
	return ok || tw_context(e, "the records of deploys");
}
