/* SPDX-License-Identifier: ISC */
/* ini.c: the lines of pgbouncer.ini, one after the other. */
#include "ini.h"

#include <stdlib.h>
#include <string.h>

/* What a key is made of without quotes. */
#define KEY_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-*"

#define BLANKS " \t\r\f\v"

/* Where the parser is, and what it has. */
struct parser {
	struct tw_ini *ini;
	struct tw_findings *findings;
	int line;
	int cr_line, cr_count; /* lines that end in CR: the first, and how many */
};

void
tw_ini_free(struct tw_ini *ini)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		free(ini->section[i].name);
	for (size_t i = 0; i < ini->n_entries; i++) {
		free(ini->entry[i].key);
		explicit_bzero(ini->entry[i].value, strlen(ini->entry[i].value));
		free(ini->entry[i].value);
	}
	free(ini->section);
	free(ini->entry);
	*ini = (struct tw_ini)TW_INI_INIT;
}

bool
tw_ini_in(const struct tw_ini *ini, const struct tw_ini_entry *entry, const char *section)
{
	return strcmp(ini->section[entry->section].name, section) == 0;
}

const struct tw_ini_entry *
tw_ini_find(const struct tw_ini *ini, const char *section, const char *key)
{
	for (size_t i = ini->n_entries; i > 0; i--) {
		const struct tw_ini_entry *entry = &ini->entry[i - 1];

		if (tw_ini_in(ini, entry, section) && strcmp(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

/* report adds a finding on the parser's line; column counts from 1. */
static bool
report(struct parser *p, size_t column, enum tw_severity severity, const char *rule,
       const char *message, const char *fix, struct tw_err *e)
{
	struct tw_place at = { p->line, (int)column };

	return tw_finding_add(p->findings, at, severity, rule, fix, e, "%s", message);
}

/* section_add opens a section; the same name again is a finding. */
static bool
section_add(struct parser *p, const char *name, size_t n, size_t column, struct tw_err *e)
{
	struct tw_ini *ini = p->ini;
	struct tw_ini_section *grown = realloc(ini->section,
	                                       (ini->n_sections + 1) * sizeof(*grown));
	char *copy = strndup(name, n);
	struct tw_place at = { p->line, (int)column };

	if (grown != NULL)
		ini->section = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	grown[ini->n_sections++] = (struct tw_ini_section){ copy, at };
	for (size_t i = 0; i + 1 < ini->n_sections; i++) {
		if (strcmp(grown[i].name, copy) == 0)
			return tw_finding_add(
			    p->findings, at, TW_ERROR, "duplicate-section",
			    "move its lines up to the first one", e,
			    "section [%s] begins again (first at line %d)%s", copy,
			    grown[i].at.line,
			    strcmp(copy, "pgbouncer") == 0
				? ": PgBouncer resets every key to its default here"
				: "");
	}
	return true;
}

/* line_section reads "[name]"; text after the bracket is allowed. */
static bool
line_section(struct parser *p, const char *line, size_t start, struct tw_err *e)
{
	size_t n = strcspn(line + start + 1, "]");

	if (line[start + 1 + n] != ']')
		return report(p, start + 1, TW_ERROR, "syntax",
		              "the section's name has no closing bracket", "write [name]", e);
	return section_add(p, line + start + 1, n, start + 1, e);
}

/* entry_add stores one line; a key that its section already has is a finding. */
static bool
entry_add(struct parser *p, const struct tw_ini_entry *entry, struct tw_err *e)
{
	struct tw_ini *ini = p->ini;
	const char *section = ini->section[entry->section].name;
	const struct tw_ini_entry *old = tw_ini_find(ini, section, entry->key);
	struct tw_ini_entry *grown;

	if (old != NULL &&
	    !tw_finding_add(p->findings, entry->key_at, TW_WARNING, "duplicate-key",
	                    "keep one of them", e,
	                    "key '%s' comes twice in [%s] (first at line %d): the last one "
	                    "counts",
	                    entry->key, section, old->key_at.line))
		return false;
	grown = realloc(ini->entry, (ini->n_entries + 1) * sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	ini->entry = grown;
	grown[ini->n_entries++] = *entry;
	return true;
}

/* comment_suspect is where " ;" or " #" stands in a value outside single quotes, or NULL. */
static const char *
comment_suspect(const char *value)
{
	bool quoted = false;

	for (const char *at = value; *at != '\0'; at++) {
		quoted ^= *at == '\'';
		if (!quoted && (*at == ';' || *at == '#') && at > value &&
		    (at[-1] == ' ' || at[-1] == '\t'))
			return at;
	}
	return NULL;
}

/* line_value stores key and value; `equals` is the index of the '='. */
static bool
line_value(struct parser *p, const char *line, size_t key, size_t key_len, size_t equals,
           struct tw_err *e)
{
	size_t start = equals + 1 + strspn(line + equals + 1, BLANKS), end = strlen(line);
	struct tw_ini_entry entry = { .key_at = { p->line, (int)key + 1 } };
	const char *suspect;
	bool ok;

	while (end > start && strchr(BLANKS, line[end - 1]) != NULL)
		end--;
	if (p->ini->n_sections == 0)
		return report(p, key + 1, TW_ERROR, "outside-section",
		              "a key stands before any section",
		              "put it below [pgbouncer] or [databases]", e);
	entry.section = p->ini->n_sections - 1;
	entry.value_at = (struct tw_place){ p->line, (int)start + 1 };
	entry.quoted = key > 0 && line[key - 1] == '\'';
	entry.key = strndup(line + key, key_len);
	entry.value = strndup(line + start, end - start);
	ok = entry.key != NULL && entry.value != NULL ? entry_add(p, &entry, e)
	                                              : tw_fail(e, EX_OSERR, "out of memory");
	if (!ok) {
		free(entry.key);
		free(entry.value);
		return false;
	}
	suspect = comment_suspect(entry.value);
	return suspect == NULL ||
	       report(p, start + (size_t)(suspect - entry.value) + 1, TW_WARNING, "inline-comment",
	              "PgBouncer has no comments behind a value: this belongs to the value",
	              "move the comment to a line of its own", e);
}

/* line_key reads "key = value". */
static bool
line_key(struct parser *p, const char *line, size_t start, struct tw_err *e)
{
	bool quoted = line[start] == '\'';
	size_t key = start + quoted;
	size_t n = quoted ? strcspn(line + key, "'") : strspn(line + key, KEY_BYTES);
	size_t at = key + n;

	if (strchr(line + start, '=') == NULL)
		return report(p, start + 1, TW_ERROR, "syntax", "the line has no '='",
		              "write key = value, or begin a comment with ';'", e);
	if (n == 0 || (quoted && line[at] != '\''))
		return report(p, start + 1, TW_ERROR, "syntax",
		              "the line does not begin with a key", "write key = value", e);
	at += quoted;
	at += strspn(line + at, BLANKS);
	if (line[at] != '=')
		return report(p, at + 1, TW_ERROR, "syntax",
		              "the key has a byte that PgBouncer does not take",
		              "letters, digits and _ . - * make a key", e);
	return line_value(p, line, key, n, at, e);
}

/* line_parse reads one line without its newline. */
static bool
line_parse(struct parser *p, const char *line, struct tw_err *e)
{
	size_t start = strspn(line, BLANKS), n = strlen(line);

	if (n > 0 && line[n - 1] == '\r') {
		if (p->cr_count++ == 0)
			p->cr_line = p->line;
	}
	if (line[start] == '\0' || line[start] == ';' || line[start] == '#')
		return true;
	if (line[start] == '[')
		return line_section(p, line, start, e);
	if (strncmp(line + start, "%include", 8) == 0)
		return report(p, start + 1, TW_ERROR, "include",
		              "twpool does not follow %include: what it brings was not checked",
		              "put its lines here", e);
	return line_key(p, line, start, e);
}

/* lines_parse goes through all lines, up to the first NUL, where PgBouncer stops too. */
static bool
lines_parse(struct parser *p, const char *bytes, struct tw_err *e)
{
	struct tw_buf line = TW_BUF_INIT;
	bool ok = true;

	while (ok && *bytes != '\0') {
		size_t n = strcspn(bytes, "\n");

		tw_buf_free(&line);
		p->line++;
		ok = tw_buf_add(&line, bytes, n, e) && line_parse(p, tw_buf_text(&line), e);
		bytes += n + (bytes[n] == '\n');
	}
	tw_buf_free(&line);
	return ok;
}

bool
tw_ini_parse(const struct tw_buf *text, struct tw_ini *ini, struct tw_findings *findings,
             struct tw_err *e)
{
	struct parser p = { .ini = ini, .findings = findings };
	const char *bytes = tw_buf_text(text);
	size_t bom = strncmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, end = strlen(bytes), bol = end;

	if (!lines_parse(&p, bytes + bom, e))
		return false;
	if (ini->n_sections == 0)
		return tw_fail(e, EX_DATAERR, "no section: not a configuration file of PgBouncer");
	while (bol > 0 && bytes[bol - 1] != '\n')
		bol--;
	p.line += end > 0 && bol == end; /* the NUL begins a line */
	if (end < text->len &&
	    !report(&p, end - bol + 1, TW_ERROR, "nul",
	            "a NUL byte: PgBouncer ignores everything behind it", "remove it", e))
		return false;
	p.line = 1;
	if (bom > 0 &&
	    !report(&p, 1, TW_ERROR, "bom", "a byte order mark: PgBouncer refuses the file",
	            "save it as UTF-8 without BOM", e))
		return false;
	p.line = p.cr_line;
	return p.cr_count == 0 ||
	       tw_finding_add(findings, (struct tw_place){ p.cr_line, 1 }, TW_WARNING,
	                      "carriage-return", "save it with the line ends of Unix", e,
	                      "%d line%s end%s in a carriage return", p.cr_count,
	                      p.cr_count > 1 ? "s" : "", p.cr_count > 1 ? "" : "s");
}
