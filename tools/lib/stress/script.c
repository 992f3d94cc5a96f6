/* SPDX-License-Identifier: ISC */
/* script.c: lines of a file as statements. */
#include "base/file.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>

void
tw_script_free(struct tw_script *s)
{
	free(s->statement);
	tw_buf_free(&s->text);
	*s = (struct tw_script)TW_SCRIPT_INIT;
}

/* script_add appends one statement. */
static bool
script_add(struct tw_script *s, const char *statement, struct tw_err *e)
{
	const char **grown = reallocarray(s->statement, s->n + 1, sizeof(*grown));

	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	s->statement = grown;
	grown[s->n++] = statement;
	return true;
}

/* script_split makes statements of the lines of s->text. */
static bool
script_split(struct tw_script *s, struct tw_err *e)
{
	char *rest = s->text.data, *line;
	bool ok = true;

	while (ok && (line = strsep(&rest, "\n")) != NULL) {
		size_t n = strlen(line);

		while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
			line[--n] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && strncmp(line, "--", 2) != 0)
			ok = script_add(s, line, e);
	}
	return ok;
}

bool
tw_script_read(const char *path, struct tw_script *s, struct tw_err *e)
{
	if (!tw_file_read(path, TW_FILE_LIMIT, &s->text, NULL, e))
		return false;
	if (strlen(tw_buf_text(&s->text)) != s->text.len)
		return tw_fail(e, EX_DATAERR, "%s: holds a NUL byte", path);
	if (!script_split(s, e))
		return false;
	if (s->n == 0) {
		tw_fail(e, EX_DATAERR, "%s: holds no statement", path);
		return tw_hint(e, "write one SQL statement on each line, BEGIN and COMMIT too.");
	}
	return true;
}

bool
tw_script_default(struct tw_script *s, struct tw_err *e)
{
	/*
	 * BEGIN and COMMIT are calls of their own, as most applications make them: so the pooler
	 * must keep a server connection between them. The middle one finds one row of a catalog by
	 * its index, as the lookup of a player does, in every database and for every role.
	 */
	return script_add(s, "BEGIN READ ONLY", e) &&
	       script_add(s,
	                  "SELECT relname FROM pg_catalog.pg_class WHERE oid = "
	                  "'pg_catalog.pg_class'::pg_catalog.regclass",
	                  e) &&
	       script_add(s, "COMMIT", e);
}
