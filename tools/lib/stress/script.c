/* SPDX-License-Identifier: ISC */
/* script.c: lines of a file as commands. */
#include "base/file.h"
#include "script.h"
#include "script_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tw_script_free(struct tw_script *s)
{
	free(s->command);
	for (size_t i = 2; i < s->variables; i++)
		free((char *)(uintptr_t)s->variable[i]);
	tw_buf_free(&s->text);
	*s = (struct tw_script)TW_SCRIPT_INIT;
}

/* variable_find is the index of a variable, which is made where there is none yet. */
static bool
variable_find(struct tw_script *s, const char *name, size_t n, size_t *index, struct tw_err *e)
{
	char *own;

	if (s->variables == 0) {
		s->variable[0] = "client_id";
		s->variable[1] = "scale";
		s->initial[1] = 1;
		s->variables = 2;
	}
	for (size_t i = 0; i < s->variables; i++) {
		if (strlen(s->variable[i]) == n && strncmp(s->variable[i], name, n) == 0) {
			*index = i;
			return true;
		}
	}
	if (s->variables == TW_VARIABLES)
		return tw_fail(e, EX_DATAERR, "more than %d variables", TW_VARIABLES);
	own = strndup(name, n);
	if (own == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	*index = s->variables;
	s->variable[s->variables++] = own;
	return true;
}

bool
tw_script_define(struct tw_script *s, const char *definition, struct tw_err *e)
{
	size_t n = tw_script_name(definition), index;
	char *end;
	long long value;

	if (n == 0 || definition[n] != '=')
		return tw_fail(e, EX_USAGE, "--define: expected NAME=NUMBER, got '%s'", definition);
	value = strtoll(definition + n + 1, &end, 10);
	if (end == definition + n + 1 || *end != '\0')
		return tw_fail(e, EX_USAGE, "--define: expected a whole number, got '%s'",
		               definition + n + 1);
	if (!variable_find(s, definition, n, &index, e))
		return false;
	s->initial[index] = value;
	return true;
}

/* command_add appends one command. */
static bool
command_add(struct tw_script *s, struct tw_step c, struct tw_err *e)
{
	struct tw_step *grown = reallocarray(s->command, s->n + 1, sizeof(*grown));

	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	s->command = grown;
	grown[s->n++] = c;
	return true;
}

/* sql_add appends one statement. */
static bool
sql_add(struct tw_script *s, const char *sql, struct tw_err *e)
{
	return command_add(s, (struct tw_step){ .kind = TW_STEP_SQL, .text = sql }, e);
}

/* trim cuts blanks at both ends. */
static char *
trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
	return text;
}

/* set_read reads "NAME EXPRESSION". */
static bool
set_read(struct tw_script *s, char *text, struct tw_err *e)
{
	struct tw_step c = { .kind = TW_STEP_SET };
	size_t n = tw_script_name(text);
	uint64_t random = 1;
	int64_t ignored;

	if (n == 0 || (text[n] != ' ' && text[n] != '\t'))
		return tw_fail(e, EX_DATAERR, "expected \\set NAME EXPRESSION");
	c.text = trim(text + n);
	return variable_find(s, text, n, &c.variable, e) &&
	       tw_expression(s, c.text, s->initial, &random, &ignored, e) && command_add(s, c, e);
}

/* time_read reads "TIME [us|ms|s]"; pgbench's seconds where no unit is given. */
static bool
time_read(struct tw_script *s, enum tw_step_kind kind, char *text, struct tw_err *e)
{
	static const struct {
		const char *word;
		long us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };
	struct tw_step c = { .kind = kind, .text = text, .unit_us = 1000000 };
	uint64_t random = 1;
	int64_t ignored;

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(text), m = strlen(units[i].word);

		if (n > m && strchr(" \t", text[n - m - 1]) != NULL &&
		    strcmp(text + n - m, units[i].word) == 0) {
			text[n - m] = '\0';
			c.unit_us = units[i].us;
			break;
		}
	}
	return tw_expression(s, c.text, s->initial, &random, &ignored, e) && command_add(s, c, e);
}

/* backslash_read reads a line that begins with a backslash. */
static bool
backslash_read(struct tw_script *s, char *line, struct tw_err *e)
{
	size_t n = strcspn(line, " \t");
	char *rest = trim(line + n);

	if (n == 4 && strncmp(line, "\\set", n) == 0)
		return set_read(s, rest, e);
	if (n == 6 && strncmp(line, "\\sleep", n) == 0)
		return time_read(s, TW_STEP_SLEEP, rest, e);
	if (n == 7 && strncmp(line, "\\cancel", n) == 0)
		return time_read(s, TW_STEP_CANCEL, rest, e);
	return tw_fail(e, EX_DATAERR, "'%.*s' is not known here", (int)n, line);
}

/* line_of is the line of a place in a text, from 1. */
static int
line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* pgbench_split makes commands of pgbench's syntax; `whole` is the text as it was. */
static bool
pgbench_split(struct tw_script *s, const char *path, const char *whole, struct tw_err *e)
{
	char *text = s->text.data, *at = text;

	while (*(at += strspn(at, " \t\r\n;")) != '\0') {
		char *end = *at == '\\' || strncmp(at, "--", 2) == 0 ? at + strcspn(at, "\n")
		                                                     : tw_script_statement(at);
		bool more = *end != '\0', ok = true;
		int line = line_of(whole, whole + (at - text));

		*end = '\0';
		if (*at == '\\')
			ok = backslash_read(s, trim(at), e);
		else if (strncmp(at, "--", 2) != 0)
			ok = sql_add(s, trim(at), e);
		if (!ok)
			return tw_context(e, "%s:%d", path, line);
		at = more ? end + 1 : end;
	}
	return true;
}

/* lines_split makes statements of lines. */
static bool
lines_split(struct tw_script *s, struct tw_err *e)
{
	char *rest = s->text.data, *line;
	bool ok = true;

	while (ok && (line = strsep(&rest, "\n")) != NULL) {
		line = trim(line);
		if (*line != '\0' && strncmp(line, "--", 2) != 0)
			ok = sql_add(s, line, e);
	}
	return ok;
}

/* hole_next finds ":NAME" of a known variable; "::type" is none. */
static const char *
hole_next(const struct tw_script *s, const char *sql, size_t *n, size_t *index)
{
	for (const char *at = strchr(sql, ':'); at != NULL; at = strchr(at + 1, ':')) {
		if (at[1] == ':') {
			at++;
			continue;
		}
		*n = tw_script_name(at + 1);
		for (*index = 0; *index < s->variables; (*index)++) {
			if (strlen(s->variable[*index]) == *n && *n > 0 &&
			    strncmp(s->variable[*index], at + 1, *n) == 0)
				return at;
		}
	}
	return NULL;
}

bool
tw_script_fill(const struct tw_script *s, const char *sql, const int64_t *variable,
               struct tw_buf *out, struct tw_err *e)
{
	const char *hole;
	size_t n, index;

	while ((hole = hole_next(s, sql, &n, &index)) != NULL) {
		if (!tw_buf_add(out, sql, (size_t)(hole - sql), e) ||
		    !tw_buf_printf(out, e, "%" PRId64, variable[index]))
			return false;
		sql = hole + 1 + n;
	}
	return tw_buf_puts(out, sql, e);
}

/* script_finish marks the statements with variables, and wants one statement at least. */
static bool
script_finish(struct tw_script *s, const char *path, struct tw_err *e)
{
	size_t statements = 0, n, index;

	for (size_t i = 0; i < s->n; i++) {
		struct tw_step *c = &s->command[i];

		if (c->kind != TW_STEP_SQL)
			continue;
		statements++;
		c->holes = hole_next(s, c->text, &n, &index) != NULL;
	}
	if (statements > 0)
		return true;
	tw_fail(e, EX_DATAERR, "%s: holds no statement", path);
	return tw_hint(e, "write one SQL statement on each line, BEGIN and COMMIT too.");
}

/* script_parse makes commands of s->text. */
static bool
script_parse(struct tw_script *s, const char *path, struct tw_err *e)
{
	struct tw_buf whole = TW_BUF_INIT;
	size_t ignored;
	bool ok = variable_find(s, "scale", 5, &ignored, e) &&
	          tw_buf_puts(&whole, tw_buf_text(&s->text), e);

	if (ok && s->text.len > 0)
		ok = tw_script_pgbench(s->text.data) ? pgbench_split(s, path, whole.data, e)
		                                     : lines_split(s, e);
	tw_buf_free(&whole);
	return ok && script_finish(s, path, e);
}

bool
tw_script_read(const char *path, struct tw_script *s, struct tw_err *e)
{
	if (!tw_file_read(path, TW_FILE_LIMIT, &s->text, NULL, e))
		return false;
	if (strlen(tw_buf_text(&s->text)) != s->text.len)
		return tw_fail(e, EX_DATAERR, "%s: holds a NUL byte", path);
	return script_parse(s, path, e);
}

bool
tw_script_text(const char *text, struct tw_script *s, struct tw_err *e)
{
	return tw_buf_puts(&s->text, text, e) && script_parse(s, "script", e);
}

/*
 * In the one that reads, BEGIN and COMMIT are calls of their own, as most applications make them:
 * so the pooler must keep a server connection between them. The middle one finds one row of a
 * catalog by its index, as the lookup of a player does, in every database and for every role.
 */
#define LOOKUP                                                 \
	"SELECT relname FROM pg_catalog.pg_class WHERE oid = " \
	"'pg_catalog.pg_class'::pg_catalog.regclass"

bool
tw_script_builtin(const char *name, struct tw_script *s, struct tw_err *e)
{
	static const struct {
		const char *name, *text;
	} scripts[] = {
		{ "read", "BEGIN READ ONLY;\n" LOOKUP ";\nCOMMIT;\n" },
		{ "ping", "SELECT 1;\n" },
		{ "idle-in-transaction",
		  "BEGIN READ ONLY;\n" LOOKUP ";\n\\sleep 500 ms\nCOMMIT;\n" },
		{ "cancel", "\\cancel 50 ms\nSELECT pg_catalog.pg_sleep(60);\n" },
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		if (strcmp(scripts[i].name, name) == 0)
			return tw_buf_puts(&s->text, scripts[i].text, e) &&
			       script_parse(s, name, e);
	}
	return tw_fail(e, EX_USAGE,
	               "--builtin: expected read, ping, idle-in-transaction or cancel, got '%s'",
	               name);
}
