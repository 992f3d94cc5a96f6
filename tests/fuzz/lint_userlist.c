/* SPDX-License-Identifier: ISC */
/* lint_userlist.c: auth_file, by each version's limits. */
#include "lib/must.h"
#include "lint/userlist.h"
#include "site/keys.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int versions[] = { 0, TW_PGBOUNCER(1, 15, 0), TW_PGBOUNCER(1, 16, 1),
		                        TW_PGBOUNCER(1, 18, 0) };
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf text = TW_BUF_INIT;

	if (!tw_buf_add(&text, data, size, &e))
		return 0;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct tw_userlist list = TW_USERLIST_INIT;
		struct tw_findings f = TW_FINDINGS_INIT;

		fuzz_must(tw_userlist_parse(&text, "users", versions[i], &list, &f, &e),
		          "reading does not fail");
		for (size_t n = 0; n < list.n; n++) {
			const struct tw_user *u = &list.user[n];

			fuzz_must(u->name >= text.data && u->name + u->n < text.data + text.len,
			          "a name is bytes of the file");
			fuzz_must(tw_userlist_user(&list, u->name, u->n) != NULL, "a user is found");
		}
		for (size_t n = 0; n < f.n; n++)
			fuzz_must(f.item[n].at.line >= 1 && f.item[n].at.column >= 1, "a place");
		tw_findings_free(&f);
		tw_userlist_free(&list);
	}
	tw_buf_free(&text);
	return 0;
}
