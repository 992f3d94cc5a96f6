/* SPDX-License-Identifier: ISC */
/*
 * lint_ini.c: pgbouncer.ini, and every rule that needs nothing but its text, for each version whose
 * grammar differs; the copy for the shadow boot is a copy where nothing is replaced.
 */
#include "lib/must.h"
#include "lint/lint.h"

#include <string.h>

/* places_check: everything that was found stands in the file. */
static void
places_check(const struct tw_findings *f, const uint8_t *data, size_t size)
{
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (size_t i = 0; i < f->n; i++) {
		fuzz_must(f->item[i].at.line >= 1 && f->item[i].at.line <= lines, "a line of the file");
		fuzz_must(f->item[i].at.column >= 1 && (size_t)f->item[i].at.column <= size + 1,
		          "a column of the file");
		fuzz_must(*tw_lint_source(f->item[i].rule) != '\0', "a source for the rule");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int versions[] = { 0, TW_PGBOUNCER(1, 15, 0), TW_PGBOUNCER(1, 18, 0),
		                        TW_PGBOUNCER(1, 26, 1) };

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		const struct tw_ini_source source = { versions[i], NULL, NULL };
		struct tw_lint lint = TW_LINT_INIT;
		struct tw_findings f = TW_FINDINGS_INIT;
		struct tw_err e = TW_ERR_INIT;
		struct tw_buf text = TW_BUF_INIT;

		lint.version = versions[i];
		lint.elsewhere = true;
		if (tw_buf_add(&text, data, size, &e) &&
		    tw_ini_parse(&text, &source, &lint.ini, &f, &e))
			fuzz_must(tw_lint_rules(&lint, &f, &e), "rules do not fail");
		tw_findings_sort(&f);
		places_check(&f, data, size);
		for (size_t n = 0; n < lint.ini.n_entries; n++)
			fuzz_must(tw_ini_find(&lint.ini,
			                      lint.ini.section[lint.ini.entry[n].section].name,
			                      lint.ini.entry[n].key) != NULL ||
			              lint.ini.last_main > lint.ini.entry[n].section,
			          "an entry is found");
		tw_findings_free(&f);
		tw_lint_free(&lint);
		tw_buf_free(&text);
	}
	return 0;
}
