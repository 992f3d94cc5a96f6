/* SPDX-License-Identifier: ISC */
/* script_scan.c: PostgreSQL's lexical rules (manual, 4.1), as far as they hide a semicolon. */
#include "script_scan.h"

#include <ctype.h>
#include <string.h>

size_t
tw_script_name(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

/* string_end is what follows the string or name that begins with this quote. */
static char *
string_end(char *at, bool escapes)
{
	char quote = *at++;

	/* A doubled quote ends one string and begins the next: no semicolon shows in between. */
	while (*at != '\0' && *at != quote)
		at += escapes && *at == '\\' && at[1] != '\0' ? 2 : 1;
	return at + (*at != '\0');
}

/* comment_end is what follows a comment in C's manner; PostgreSQL's nest. */
static char *
comment_end(char *at)
{
	int depth = 0;

	do {
		bool open = strncmp(at, "/*", 2) == 0, close = strncmp(at, "*/", 2) == 0;

		depth += open ? 1 : close ? -1 : 0;
		at += open || close ? 2 : 1;
	} while (depth > 0 && *at != '\0');
	return at;
}

/* dollars_end is what follows $tag$...$tag$, or the dollar alone where it begins no such thing. */
static char *
dollars_end(char *at)
{
	size_t tag = isdigit((unsigned char)at[1]) ? 0 : tw_script_name(at + 1) + 2;

	if (tag == 0 || at[tag - 1] != '$')
		return at + 1;
	for (char *end = at + tag; (end = strchr(end, '$')) != NULL; end++) {
		if (strncmp(end, at, tag) == 0)
			return end + tag;
	}
	return at + strlen(at);
}

/* word_end is what follows a word, or the string that "E" begins. */
static char *
word_end(char *at)
{
	char *end = at;

	while (isalnum((unsigned char)*end) || *end == '_' || *end == '$')
		end++;
	return end - at == 1 && (*at == 'e' || *at == 'E') && *end == '\'' ? string_end(end, true)
	                                                                   : end;
}

/* token_end is what follows one token, of at least one byte. */
static char *
token_end(char *at)
{
	if (isalnum((unsigned char)*at) || *at == '_')
		return word_end(at);
	if (*at == '\'' || *at == '"')
		return string_end(at, false);
	if (strncmp(at, "--", 2) == 0)
		return at + strcspn(at, "\n");
	if (strncmp(at, "/*", 2) == 0)
		return comment_end(at);
	return *at == '$' ? dollars_end(at) : at + 1;
}

char *
tw_script_statement(char *at)
{
	while (*at != '\0' && *at != ';')
		at = token_end(at);
	return at;
}

bool
tw_script_pgbench(const char *text)
{
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchrnul(line, '\n'), *last = end;

		line += strspn(line, " \t");
		while (last > line && strchr(" \t\r", last[-1]) != NULL)
			last--;
		if (*line == '\\' ||
		    (strncmp(line, "--", 2) != 0 && last > line && last[-1] == ';'))
			return true;
		line = *end != '\0' ? end + 1 : NULL;
	}
	return false;
}
