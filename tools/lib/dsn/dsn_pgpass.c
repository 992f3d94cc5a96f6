/* SPDX-License-Identifier: ISC */
/* dsn_pgpass.c: the lines "host:port:database:user:password" of .pgpass (libpq 15,
 * passwordFromFile). */
#include "dsn_setting.h"
#include "text_scan.h"

#include <string.h>

static const char *const names[] = { "host", "port", "dbname", "user", "password" };

#define FIELDS 5

bool
tw_pgpass_is(const char *path)
{
	const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;

	return strncmp(name, ".pgpass", 7) == 0 || strncmp(name, "pgpass", 6) == 0;
}

/* field reads one field up to its ':', the last up to the end of the line; a '\' takes one byte. */
static bool
field(struct tw_cursor *c, bool last, struct tw_text *t, struct tw_err *e)
{
	bool ok = true;

	tw_text_start(t, tw_place_of(c));
	while (ok && c->at < c->src->n && strchr("\r\n", tw_peek(c, 0)) == NULL &&
	       (last || tw_peek(c, 0) != ':')) {
		size_t n = tw_peek(c, 0) == '\\' && tw_peek(c, 1) != '\n' && tw_peek(c, 1) != '\0';

		ok = tw_text_add(t, (unsigned char)tw_peek(c, n), c->at, c->at + n + 1, e);
		tw_step(c, n + 1);
	}
	return ok;
}

/* line reads one line; *whole tells that it has all fields, and a port that is one. */
static bool
line(struct tw_cursor *c, struct tw_keywords *k, struct tw_text *t, bool *whole, struct tw_err *e)
{
	bool ok = true;

	*whole = tw_peek(c, 0) != '#';
	for (size_t i = 0; ok && *whole && i < FIELDS; i++) {
		const char *text;

		ok = field(c, i == FIELDS - 1, t, e);
		text = tw_buf_text(&t->bytes);
		*whole = ok && !t->broken && t->bytes.len > 0 &&
		         (i == FIELDS - 1 || tw_peek(c, 0) == ':') &&
		         !(i == 1 && strspn(text, "0123456789") != t->bytes.len);
		if (*whole && (i == FIELDS - 1 || strcmp(text, "*") != 0))
			ok = tw_keywords_add(k, " ", names[i], text, t->raw, t->bytes.len, e);
		tw_step(c, i < FIELDS - 1 && tw_peek(c, 0) == ':');
	}
	tw_line_skip(c);
	return ok;
}

bool
tw_pgpass_read(const struct tw_source *src, struct tw_dsn_list *list, struct tw_err *e)
{
	struct tw_cursor c = tw_cursor_start(src);
	struct tw_text text = { .joined = false };
	bool ok = true;

	for (; ok && c.at < src->n; tw_step(&c, 1)) {
		struct tw_dsn_found as = { .kind = TW_DSN_PGPASS, .dsn.closed = true };
		struct tw_keywords k = { .cap = 0 };
		bool whole = false;

		as.at = tw_place_of(&c);
		as.last_line = c.line;
		ok = line(&c, &k, &text, &whole, e) &&
		     (!whole || tw_keywords_keep(&k, &as, list, e));
		tw_keywords_free(&k);
	}
	tw_text_free(&text);
	return ok;
}
