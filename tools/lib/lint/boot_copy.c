/* SPDX-License-Identifier: ISC */
/* boot_copy.c: the configuration's bytes again, but for the keys that would touch the host. */
#include "boot.h"
#include "conninfo.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the copy has instead; the socket directory is its own. `user` is already who we are. */
static const struct {
	const char *key, *value;
} replaced[] = {
	{ "listen_addr", "" },       { "listen_port", TW_BOOT_PORT },
	{ "unix_socket_dir", NULL }, { "unix_socket_mode", "0700" },
	{ "pidfile", "" },           { "logfile", "" },
	{ "syslog", "0" },           { "user", "" },
	{ "verbose", "0" },          { "disable_pqexec", "0" },
	{ "so_reuseport", "0" },     { "min_pool_size", "0" },
};

#define N_REPLACED (sizeof(replaced) / sizeof(*replaced))

/* replaced_find is the row of a key, or N_REPLACED. */
static size_t
replaced_find(const char *key)
{
	size_t i = 0;

	while (i < N_REPLACED && strcmp(replaced[i].key, key) != 0)
		i++;
	return i;
}

/* staged_find writes where the file of a key is staged, and tells whether it is. */
static bool
staged_find(const struct tw_lint *lint, const char *key, char *out, size_t size)
{
	return (strcmp(key, "auth_file") == 0 || strcmp(key, "auth_hba_file") == 0 ||
	        strcmp(key, "auth_ident_file") == 0) &&
	       tw_lint_staged(lint, tw_lint_value(lint, key), out, size);
}

bool
tw_boot_replaced(const struct tw_lint *lint, const char *key)
{
	char path[PATH_MAX];

	return replaced_find(key) < N_REPLACED || staged_find(lint, key, path, sizeof(path));
}

/* What is being copied: one file, and the next entry, section and include of it. */
struct copy {
	const struct tw_lint *lint;
	const struct tw_ini *ini;
	const char *dir, *file;
	size_t entry, section, include;
	struct tw_buf *out;
};

/* here tells whether something stands on line `line` of the file. */
static bool
here(const struct copy *c, struct tw_place at, int line)
{
	return at.file == c->file && at.line == line;
}

/* value_put writes what a replaced key has: a staged file is copied under the key's own name. */
static bool
value_put(const struct copy *c, const char *key, struct tw_err *e)
{
	size_t i = replaced_find(key);

	if (i == N_REPLACED)
		return tw_buf_printf(c->out, e, "%s/%s", c->dir, key);
	return tw_buf_puts(c->out, replaced[i].value != NULL ? replaced[i].value : c->dir, e);
}

/* least_clear makes every min_pool_size of a line 0: no server connection is opened by itself. */
static void
least_clear(char *line)
{
	struct tw_pair pair;
	size_t next = 0;

	while (tw_pair_next(line, &next, &pair) == TW_PAIR) {
		char *digits = line + pair.at;

		if (strcmp(pair.key, "min_pool_size") != 0)
			continue;
		for (digits += strcspn(digits, "="); digits < line + next; digits++) {
			if (*digits >= '1' && *digits <= '9')
				*digits = '0';
		}
	}
}

/* entry_put writes the rest of a line from `from` on, which holds an entry. */
static bool
entry_put(const struct copy *c, const struct tw_ini_entry *entry, const char *line, size_t from,
          size_t n, struct tw_err *e)
{
	size_t value = (size_t)entry->value_at.column - 1;
	struct tw_buf own = TW_BUF_INIT;
	bool ok;

	if (tw_ini_in(c->ini, entry, "pgbouncer") && tw_boot_replaced(c->lint, entry->key))
		return tw_buf_add(c->out, line + from, value - from, e) &&
		       value_put(c, entry->key, e);
	if (!tw_ini_in(c->ini, entry, "databases"))
		return tw_buf_add(c->out, line + from, n - from, e);
	ok = tw_buf_add(&own, line + value, n - value, e);
	if (ok && own.data != NULL)
		least_clear(own.data);
	ok = ok && tw_buf_add(c->out, line + from, value - from, e) &&
	     tw_buf_add(c->out, tw_buf_text(&own), own.len, e);
	tw_buf_free(&own);
	return ok;
}

/* section_put writes a section's header; behind [pgbouncer] the replaced keys are included. */
static bool
section_put(const struct copy *c, const char *line, size_t *from, size_t n, struct tw_err *e)
{
	const struct tw_ini_section *section = &c->ini->section[c->section];
	size_t end = (size_t)section->at.column - 1 + strlen(section->name) + 2, rest;

	if (!tw_buf_add(c->out, line + *from, end - *from, e))
		return false;
	*from = end;
	rest = end + strspn(line + end, " \t\r\f\v");
	if (strcmp(section->name, "pgbouncer") != 0)
		return true;
	if (!tw_buf_printf(c->out, e, " %%include %s/over", c->dir))
		return false;
	if (rest >= n || line[rest] == ';' || line[rest] == '#')
		*from = n;
	return *from == n || tw_buf_puts(c->out, "\n", e);
}

/* line_put writes one line without its newline. */
static bool
line_put(struct copy *c, const char *line, size_t n, int number, struct tw_err *e)
{
	const struct tw_ini *ini = c->ini;
	size_t from = 0;
	bool ok = true;

	for (; ok && c->section < ini->n_sections; c->section++) {
		const struct tw_place at = ini->section[c->section].at;

		if (at.file == c->file && at.line > number)
			break;
		if (here(c, at, number))
			ok = section_put(c, line, &from, n, e);
	}
	for (; c->include < ini->n_files; c->include++) {
		const struct tw_place at = ini->file[c->include].at;

		if (at.file == c->file && at.line > number)
			break;
		if (c->include > 0 && here(c, at, number))
			return tw_buf_add(c->out, line + from, (size_t)at.column - 1 - from, e) &&
			       tw_buf_printf(c->out, e, "%%include %s/i%zu", c->dir, c->include++);
	}
	for (; c->entry < ini->n_entries; c->entry++) {
		const struct tw_ini_entry *entry = &ini->entry[c->entry];

		if (entry->key_at.file == c->file && entry->key_at.line > number)
			break;
		if (here(c, entry->key_at, number))
			return ok && entry_put(c, &ini->entry[c->entry++], line, from, n, e);
	}
	return ok && tw_buf_add(c->out, line + from, n - from, e);
}

/* file_put writes all lines up to a NUL, and what is behind it as it is. */
static bool
file_put(struct copy *c, const struct tw_buf *text, struct tw_err *e)
{
	const char *at = tw_buf_text(text), *start = at;
	bool ok = true;

	if (strncmp(at, "\xef\xbb\xbf", 3) == 0) {
		ok = tw_buf_add(c->out, at, 3, e);
		at += 3;
	}
	for (int number = 1; ok && *at != '\0'; number++) {
		size_t n = strcspn(at, "\n");

		ok = line_put(c, at, n, number, e) &&
		     (at[n] == '\0' || tw_buf_puts(c->out, "\n", e));
		at += n + (at[n] == '\n');
	}
	return ok && tw_buf_add(c->out, at, text->len - (size_t)(at - start), e);
}

/* file_write makes a file in the directory. */
static bool
file_write(const char *path, const struct tw_buf *bytes, struct tw_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	size_t done = 0;
	ssize_t n = 1;

	while (fd >= 0 && done < bytes->len && n > 0) {
		n = write(fd, bytes->data + done, bytes->len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || n <= 0 || fchmod(fd, 0644) != 0) {
		tw_fail_errno(e, EX_IOERR, "write '%s'", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return true;
}

/* staged_copy copies the staged files that the configuration names. */
static bool
staged_copy(const struct tw_lint *lint, const char *dir, struct tw_err *e)
{
	static const char *const keys[] = { "auth_file", "auth_hba_file", "auth_ident_file" };
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(keys) / sizeof(*keys); i++) {
		char from[PATH_MAX], to[256];
		struct tw_buf text = TW_BUF_INIT;

		if (!staged_find(lint, keys[i], from, sizeof(from)))
			continue;
		snprintf(to, sizeof(to), "%s/%s", dir, keys[i]);
		ok = tw_lint_file(lint, from, &text, e) && file_write(to, &text, e);
		tw_buf_free(&text);
	}
	return ok;
}

bool
tw_boot_copy(const struct tw_lint *lint, const char *dir, struct tw_err *e)
{
	struct tw_buf out = TW_BUF_INIT;
	char path[256];
	bool ok = true;

	for (size_t i = 0; ok && i < N_REPLACED; i++)
		ok = tw_buf_printf(&out, e, "%s = %s\n", replaced[i].key,
		                   replaced[i].value != NULL ? replaced[i].value : dir);
	snprintf(path, sizeof(path), "%s/over", dir);
	ok = ok && file_write(path, &out, e);
	for (size_t i = 0; ok && i < lint->ini.n_files; i++) {
		struct copy c = { lint, &lint->ini, dir, lint->ini.file[i].name, 0, 0, 0, &out };

		tw_buf_free(&out);
		snprintf(path, sizeof(path), i == 0 ? "%s/ini" : "%s/i%zu", dir, i);
		ok = file_put(&c, &lint->ini.file[i].text, e) &&
		     (lint->ini.file[i].text.data == NULL || file_write(path, &out, e));
	}
	tw_buf_free(&out);
	return ok && staged_copy(lint, dir, e);
}
