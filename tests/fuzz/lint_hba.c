/* SPDX-License-Identifier: ISC */
/* lint_hba.c: auth_hba_file, for each version whose words differ. */
#include "lib/must.h"
#include "lint/hba.h"
#include "site/keys.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int versions[] = { 0, TW_PGBOUNCER(1, 18, 0), TW_PGBOUNCER(1, 24, 1) };
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf text = TW_BUF_INIT;
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (!tw_buf_add(&text, data, size, &e))
		return 0;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct tw_findings f = TW_FINDINGS_INIT;
		size_t rules;

		fuzz_must(tw_hba_parse(&text, "hba", versions[i], &rules, &f, &e),
		          "reading does not fail");
		fuzz_must(rules + f.n <= lines, "a line is a rule, or a finding, or nothing");
		for (size_t n = 0; n < f.n; n++)
			fuzz_must(f.item[n].at.line >= 1 && (size_t)f.item[n].at.line <= lines,
			          "a line of the file");
		tw_findings_free(&f);
	}
	tw_buf_free(&text);
	return 0;
}
