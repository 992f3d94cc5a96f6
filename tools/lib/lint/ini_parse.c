/* SPDX-License-Identifier: ISC */
/*
 * ini_parse.c: the bytes of pgbouncer.ini in the order in which cfparser.c goes through them. What
 * stops PgBouncer is a REFUSED finding, and reading goes on with the next line.
 */
#include "ini.h"
#include "site/keys.h"

#include <stdlib.h>
#include <string.h>

/* What a key is made of without quotes; a newline begins a line, the other blanks end a value. */
#define KEY_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-*"
#define SPACES " \t\n\v\f\r"
#define BLANKS " \t"

/* Where the parser is in one file. */
struct parser {
	struct tw_ini *ini;
	const struct tw_ini_source *source;
	struct tw_findings *findings;
	const char *file; /* NULL: the first one */
	const char *line_start;
	int depth, line;
	int cr_line, cr_count; /* lines that end in CR: the first, and how many */
};

static bool file_parse(struct parser *p, const char *bytes, size_t n, struct tw_err *e);

/* place is where a byte of the present line stands. */
static struct tw_place
place(const struct parser *p, const char *at)
{
	return (struct tw_place){ p->line, (int)(at - p->line_start) + 1, p->file };
}

/* report adds a finding at a byte of the present line. */
static bool
report(struct parser *p, const char *at, enum tw_severity severity, const char *rule,
       const char *message, const char *fix, struct tw_err *e)
{
	return tw_finding_add(p->findings, place(p, at), severity, rule, fix, e, "%s", message);
}

/* skip moves over bytes and counts the lines among them. */
static const char *
skip(struct parser *p, const char *at, size_t n)
{
	for (; n > 0; n--, at++) {
		if (*at == '\n') {
			p->line++;
			p->line_start = at + 1;
		}
	}
	return at;
}

/* line_end is the newline or NUL that ends the line. */
static const char *
line_end(struct parser *p, const char *at)
{
	at += strcspn(at, "\n");
	if (at > p->line_start && at[-1] == '\r' && p->cr_count++ == 0)
		p->cr_line = p->line;
	return at;
}

/* trimmed is the end of the text from `start` to `end` without the white space there. */
static const char *
trimmed(const char *start, const char *end)
{
	while (end > start && strchr(SPACES, end[-1]) != NULL)
		end--;
	return end;
}

/* section_read reads "[name]"; what stands behind it on the line is read as a line. */
static bool
section_read(struct parser *p, const char **at, struct tw_err *e)
{
	const char *start = *at;
	size_t n = strcspn(start + 1, "]\n");
	struct tw_ini *ini = p->ini;

	if (start[1 + n] != ']') {
		*at = line_end(p, start);
		return report(p, start, TW_REFUSED, "syntax",
		              "the section's name has no closing bracket", "write [name]", e);
	}
	*at = start + n + 2;
	if (!tw_ini_open(ini, start + 1, n, place(p, start), e))
		return false;
	for (size_t i = 0; i + 1 < ini->n_sections; i++) {
		const char *name = ini->section[ini->n_sections - 1].name;

		if (strcmp(ini->section[i].name, name) == 0)
			return tw_finding_add(
			    p->findings, place(p, start), TW_ERROR, "duplicate-section",
			    "move its lines up to the first one", e,
			    "section [%s] begins again (first at line %d)%s", name,
			    ini->section[i].at.line,
			    strcmp(name, "pgbouncer") == 0
				? ": PgBouncer resets every key to its default here"
				: "");
	}
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

/* entry_read stores key and value; a key that its section already has is a finding. */
static bool
entry_read(struct parser *p, const char *key, size_t n, bool quoted, const char *value,
           const char *end, struct tw_err *e)
{
	struct tw_ini *ini = p->ini;
	struct tw_ini_entry entry = { ini->n_sections - 1, NULL,  NULL, place(p, key),
		                      place(p, value),     quoted };
	const struct tw_ini_entry *old, *added;
	const char *section, *suspect;
	int first;

	entry.key = strndup(key, n);
	entry.value = strndup(value, (size_t)(end - value));
	section = ini->section[entry.section].name;
	old = entry.key != NULL ? tw_ini_find(ini, section, entry.key) : NULL;
	first = old != NULL ? old->key_at.line : 0;
	if (!tw_ini_add(ini, entry, e))
		return false;
	added = &ini->entry[ini->n_entries - 1];
	suspect = comment_suspect(added->value);
	if (first != 0 &&
	    !tw_finding_add(p->findings, added->key_at, TW_WARNING, "duplicate-key",
	                    "keep one of them", e,
	                    "key '%s' comes twice in [%s] (first at line %d): the last one counts",
	                    added->key, section, first))
		return false;
	return suspect == NULL ||
	       report(p, value + (suspect - added->value), TW_WARNING, "inline-comment",
	              "PgBouncer has no comments behind a value: this belongs to the value",
	              "move the comment to a line of its own", e);
}

/* entry_line reads "key = value". */
static bool
entry_line(struct parser *p, const char **at, struct tw_err *e)
{
	const char *start = *at, *end = line_end(p, start), *key = start + (*start == '\'');
	size_t n = key > start ? strcspn(key, "'\n") : strspn(key, KEY_BYTES);
	const char *equals = key + n + (key > start && key[n] == '\'');

	*at = end;
	equals += strspn(equals, BLANKS);
	if (memchr(start, '=', (size_t)(end - start)) == NULL)
		return report(p, start, TW_REFUSED, "syntax", "the line has no '='",
		              "write key = value, or begin a comment with ';'", e);
	if ((n == 0 && *equals != '=') || (key > start && key[n] != '\''))
		return report(p, start, TW_REFUSED, "syntax", "the line does not begin with a key",
		              "write key = value", e);
	if (*equals != '=')
		return report(p, equals, TW_REFUSED, "syntax",
		              "the key has a byte that PgBouncer does not take",
		              "letters, digits and _ . - * make a key", e);
	if (n == 0 && !report(p, start, TW_ERROR, "syntax", "the line does not begin with a key",
	                      "write key = value", e))
		return false;
	if (p->ini->n_sections == 0)
		return report(p, key, TW_REFUSED, "outside-section",
		              "a key stands before any section",
		              "put it below [pgbouncer] or [databases]", e);
	equals += 1 + strspn(equals + 1, BLANKS);
	return entry_read(p, key, n, key > start, equals, trimmed(equals, end), e);
}

/* include_open reads the included file; what hinders is a finding. */
static bool
include_open(struct parser *p, const char *at, const char *name, struct tw_buf *text, bool *got,
             struct tw_err *e)
{
	const struct tw_ini_source *source = p->source;
	struct tw_err why = TW_ERR_INIT;

	*got = false;
	if (source->read == NULL)
		return report(p, at, TW_ERROR, "include",
		              "%include is not followed here: what it brings was not checked",
		              "put its lines here", e);
	if (p->depth + 1 >= TW_INI_DEPTH)
		return report(p, at, TW_REFUSED, "include",
		              "files include each other more than 10 deep",
		              "put the lines into one file", e);
	*got = source->read(source->arg, name, text, &why);
	return *got || tw_finding_add(p->findings, place(p, at), TW_REFUSED, "include",
	                              "give the path of a file that PgBouncer's user can read", e,
	                              "PgBouncer cannot include it: %s", why.msg);
}

/* include_read follows "%include FILE": the section goes on, both ways. */
static bool
include_read(struct parser *p, const char **at, struct tw_err *e)
{
	const char *start = *at, *end = line_end(p, start), *name = start + 8;
	struct tw_ini_file file = { NULL, TW_BUF_INIT, place(p, start) };
	struct parser inner = *p;
	bool got = false;

	*at = end;
	if (strncmp(start, "%include", 8) != 0 || (*name != ' ' && *name != '\t'))
		return report(p, start, TW_REFUSED, "syntax", "the line does not begin with a key",
		              "write %include and a path, or begin a comment with ';'", e);
	name += strspn(name, BLANKS);
	file.name = strndup(name, (size_t)(trimmed(name, end) - name));
	if (file.name == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	inner.file = file.name;
	inner.depth++;
	if (!include_open(p, start, file.name, &file.text, &got, e)) {
		free(file.name);
		return false;
	}
	if (!tw_ini_keep(p->ini, file, e))
		return false;
	if (got && *inner.file != '/' &&
	    !report(p, start, TW_WARNING, "include",
	            "the path is relative to wherever PgBouncer is started", "write it from /", e))
		return false;
	return !got ||
	       file_parse(&inner, file.text.data != NULL ? file.text.data : "", file.text.len, e);
}

/* bytes_parse goes on up to the first NUL, where PgBouncer stops too. */
static bool
bytes_parse(struct parser *p, const char *at, struct tw_err *e)
{
	bool ok = true;

	p->line = 1;
	p->line_start = at;
	while (ok) {
		at = skip(p, at, strspn(at, SPACES));
		if (*at == '\0')
			break;
		if (*at == '#' || *at == ';')
			at = line_end(p, at);
		else if (*at == '%')
			ok = include_read(p, &at, e);
		else if (*at == '[')
			ok = section_read(p, &at, e);
		else
			ok = entry_line(p, &at, e);
	}
	return ok;
}

/* file_parse is bytes_parse, and what is to be said of the file as a whole. */
static bool
file_parse(struct parser *p, const char *bytes, size_t n, struct tw_err *e)
{
	size_t bom = strncmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, end = strlen(bytes);

	p->cr_line = p->cr_count = 0;
	if (!bytes_parse(p, bytes + bom, e))
		return false;
	if (end < n &&
	    !report(p, bytes + end, TW_ERROR, "nul",
	            "a NUL byte: PgBouncer ignores everything behind it", "remove it", e))
		return false;
	if (bom > 0 && !tw_finding_add(p->findings, (struct tw_place){ 1, 1, p->file }, TW_REFUSED,
	                               "bom", "save it as UTF-8 without BOM", e,
	                               "a byte order mark: PgBouncer refuses the file"))
		return false;
	return p->cr_count == 0 ||
	       tw_finding_add(p->findings, (struct tw_place){ p->cr_line, 1, p->file }, TW_WARNING,
	                      "carriage-return", "save it with the line ends of Unix", e,
	                      "%d line%s end%s in a carriage return", p->cr_count,
	                      p->cr_count > 1 ? "s" : "", p->cr_count > 1 ? "" : "s");
}

bool
tw_ini_parse(struct tw_buf *text, const struct tw_ini_source *source, struct tw_ini *ini,
             struct tw_findings *findings, struct tw_err *e)
{
	struct parser p = { .ini = ini, .source = source, .findings = findings };
	struct tw_ini_file file = { NULL, *text, { 0, 0, NULL } };

	*text = (struct tw_buf)TW_BUF_INIT;
	return tw_ini_keep(ini, file, e) &&
	       file_parse(&p, tw_buf_text(&file.text), file.text.len, e) &&
	       (ini->n_sections > 0 ||
	        tw_fail(e, EX_DATAERR, "no section: not a configuration file of PgBouncer"));
}
