/* SPDX-License-Identifier: ISC */
/* advisories.c: lines of FIRST..FIXED, a name, a sentence; tabs between. See deploy/advisories. */
#include "advisories.h"
#include "base/file.h"
#include "site/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The list has some 20 lines. */
#define FILE_MOST 65536

/* list_find appends the bytes of the list beside the running program. */
static bool
list_find(struct tw_buf *b, struct tw_err *e)
{
	static const char *const places[] = { "../deploy/advisories", "../../deploy/advisories" };
	char exe[4096], path[4096 + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return tw_fail_errno(e, EX_NOINPUT, "'/proc/self/exe'");
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct tw_err ignored = TW_ERR_INIT;

		snprintf(path, sizeof(path), "%s/%s", exe, places[i]);
		if (access(path, R_OK) == 0 && tw_file_read(path, FILE_MOST, b, NULL, &ignored))
			return true;
	}
	return tw_fail(e, EX_NOINPUT, "'%s/%s': no such list", exe, places[0]);
}

/* version_of reads "1.24.1", or 0 for "0": from the beginning. */
static bool
version_of(const char *text, int *version)
{
	struct tw_err ignored = TW_ERR_INIT;

	*version = 0;
	return strcmp(text, "0") == 0 || tw_key_version(text, version, &ignored);
}

/* line_judge adds a line's name if it is about this version; false for what is no such line. */
static bool
line_judge(char *line, int version, struct tw_advisories *a)
{
	char *rest = NULL, *range = strtok_r(line, "\t", &rest),
	     *name = strtok_r(NULL, "\t", &rest);
	char *dots = range != NULL ? strstr(range, "..") : NULL;
	size_t used = strlen(a->names);
	int first, fixed;

	if (dots == NULL || name == NULL)
		return false;
	*dots = '\0';
	if (!version_of(range, &first) || !version_of(dots + 2, &fixed))
		return false;
	if (version < first || version >= fixed)
		return true;
	a->n++;
	if (used + strlen(name) + 3 < sizeof(a->names))
		snprintf(a->names + used, sizeof(a->names) - used, "%s%s", used > 0 ? ", " : "",
		         name);
	return true;
}

bool
tw_advisories_read(int version, struct tw_advisories *a, struct tw_err *e)
{
	struct tw_buf list = TW_BUF_INIT;
	char *rest = NULL;
	bool ok = list_find(&list, e);
	int number = 1;

	*a = (struct tw_advisories){ 0 };
	if (!ok || list.len == 0) {
		tw_buf_free(&list);
		return ok;
	}
	for (char *line = strtok_r(list.data, "\n", &rest); ok && line != NULL;
	     line = strtok_r(NULL, "\n", &rest), number++) {
		if (strncmp(line, "# As of ", 8) == 0)
			snprintf(a->date, sizeof(a->date), "%.15s", line + 8);
		if (*line != '#')
			ok = line_judge(line, version, a) ||
			     tw_fail(e, EX_DATAERR, "advisories:%d: not an advisory", number);
	}
	tw_buf_free(&list);
	return ok;
}
