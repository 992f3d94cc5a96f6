/* SPDX-License-Identifier: ISC */
/* hba.c: the block's text, and where it goes. In quotes a name is always a name, also "all". */
#include "hba.h"
#include "lookup.h"
#include "render/encode.h"
#include "site/database.h"

#include <stdio.h>
#include <string.h>

#define BEGIN "# twpool: begin. The next deploy overwrites what is edited here; twpool-rollback removes it.\n"
#define BEGIN_MARK "# twpool: begin"
#define END "# twpool: end\n"
#define MAP "twpool"

/* line_add appends "local DATABASE USER METHOD". */
static bool
line_add(struct tw_buf *out, const char *database, const char *user, const char *method,
         struct tw_err *e)
{
	return tw_buf_puts(out, "local \"", e) && tw_encode("auth", database, out, e) &&
	       tw_buf_puts(out, "\" \"", e) && tw_encode("auth", user, out, e) &&
	       tw_buf_printf(out, e, "\" %s\n", method);
}

/* database_add appends the lines of one database. */
static bool
database_add(const struct tw_site *site, const char *dbname, struct tw_buf *out, struct tw_err *e)
{
	const json_t *user;
	bool ok = line_add(out, dbname, TW_LOOKUP_ROLE, "peer map=" MAP, e) &&
	          line_add(out, dbname, TW_PROBE_ROLE, "peer map=" MAP, e);
	size_t i;

	json_array_foreach (json_object_get(site->root, "users"), i, user)
		ok = ok &&
		     line_add(out, dbname, json_string_value(json_object_get(user, "name")),
		              "scram-sha-256", e);
	return ok;
}

bool
tw_hba_block(const struct tw_site *site, struct tw_buf *out, struct tw_err *e)
{
	const json_t *element;
	json_t *seen = json_object();
	bool ok = tw_buf_puts(out, BEGIN, e);
	size_t i;

	json_array_foreach (json_object_get(site->root, "databases"), i, element) {
		struct tw_database d;

		tw_database_read(site->root, element, &d);
		if (json_object_get(seen, d.dbname) == NULL)
			ok = ok && database_add(site, d.dbname, out, e);
		json_object_set_new(seen, d.dbname, json_true());
	}
	json_decref(seen);
	return ok && tw_buf_puts(out,
	                         "local all \"" TW_LOOKUP_ROLE "\" reject\n"
	                         "host all \"" TW_LOOKUP_ROLE "\" all reject\n"
	                         "local all \"" TW_PROBE_ROLE "\" reject\n"
	                         "host all \"" TW_PROBE_ROLE "\" all reject\n" END,
	                         e);
}

/* map_add appends the line of the map that lets the pooler's OS user in as a role. */
static bool
map_add(const char *pooler_user, const char *role, struct tw_buf *out, struct tw_err *e)
{
	return tw_buf_puts(out, MAP " \"", e) && tw_encode("auth", pooler_user, out, e) &&
	       tw_buf_printf(out, e, "\" \"%s\"\n", role);
}

bool
tw_hba_ident_block(const char *pooler_user, struct tw_buf *out, struct tw_err *e)
{
	return tw_buf_puts(out, BEGIN, e) && map_add(pooler_user, TW_LOOKUP_ROLE, out, e) &&
	       map_add(pooler_user, TW_PROBE_ROLE, out, e) && tw_buf_puts(out, END, e);
}

/* line_find is the start of the first line at or after `at` that begins with `mark`, or `end`. */
static const char *
line_find(const char *at, const char *end, const char *mark)
{
	size_t n = strlen(mark);

	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));

		if ((size_t)(end - at) >= n && memcmp(at, mark, n) == 0)
			return at;
		at = next != NULL ? next + 1 : end;
	}
	return end;
}

bool
tw_hba_edit(const char *text, size_t n, const struct tw_buf *block, json_t **edit, struct tw_err *e)
{
	const char *end = text + n, *begin = line_find(text, end, BEGIN_MARK);
	const char *last = line_find(begin, end, END);
	size_t old = begin == end ? 0 : (size_t)(last - begin) + strlen(END);
	size_t offset = begin == end ? 0 : (size_t)(begin - text);
	json_t *own = NULL;

	if (begin != end && last == end)
		return tw_fail(e, EX_DATAERR, "a line '" BEGIN_MARK "' without its '# twpool: end'");
	if (old != block->len || memcmp(text + offset, tw_buf_text(block), old) != 0) {
		own = json_pack("{sI ss# ss#}", "offset", (json_int_t)offset, "old", text + offset,
		                (int)old, "new", tw_buf_text(block), (int)block->len);
		if (own == NULL)
			return tw_fail(e, EX_DATAERR, "the block is not UTF-8");
	}
	*edit = own;
	return true;
}

/* files_do asks for both paths, each ended by NUL. */
static bool
files_do(PGconn *conn, const void *unused, tw_ms deadline, struct tw_buf *out, struct tw_err *e)
{
	PGresult *r = NULL;
	bool ok = tw_pg_exec(conn,
	                     "SELECT pg_catalog.current_setting('hba_file'), "
	                     "pg_catalog.current_setting('ident_file')",
	                     deadline, &r, e) &&
	          tw_buf_add(out, PQgetvalue(r, 0, 0), (size_t)PQgetlength(r, 0, 0) + 1, e) &&
	          tw_buf_add(out, PQgetvalue(r, 0, 1), (size_t)PQgetlength(r, 0, 1) + 1, e);

	(void)unused;
	PQclear(r);
	return ok;
}

bool
tw_hba_files_ask(const struct tw_site *site, const char *program, tw_ms deadline,
                 struct tw_hba_files *files, struct tw_err *e)
{
	struct tw_buf out = TW_BUF_INIT;
	const char *ident;
	bool ok = tw_superuser_do(site, program, NULL, files_do, NULL, deadline, &out, e);

	if (ok) {
		ident = out.data + strlen(out.data) + 1;
		if ((size_t)snprintf(files->hba, sizeof(files->hba), "%s", out.data) >= sizeof(files->hba) ||
		    (size_t)snprintf(files->ident, sizeof(files->ident), "%s", ident) >= sizeof(files->ident))
			ok = tw_fail(e, EX_CONFIG, "hba_file or ident_file is too long");
	}
	tw_buf_free(&out);
	return ok;
}
