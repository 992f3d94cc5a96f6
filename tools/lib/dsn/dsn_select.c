/* SPDX-License-Identifier: ISC */
/* dsn_select.c: which DSN of a file is meant: by place, by pointer, or by what it says. */
#include "base/file.h"
#include "dsn_file.h"
#include "dsn_scan.h"

#include <stdlib.h>
#include <string.h>

/* pointer_check refuses what RFC 6901 does not read as a pointer. */
static bool
pointer_check(const char *path, const char *pointer, struct tw_err *e)
{
	if (!tw_text_pointers(path))
		return tw_fail(e, EX_USAGE, "'%s' is not a .json file: it has no '#%s'", path,
		               pointer);
	if (*pointer != '\0' && *pointer != '/')
		return tw_fail(e, EX_USAGE, "'%s' is not a JSON pointer", pointer);
	for (const char *at = pointer; (at = strchr(at, '~')) != NULL; at++) {
		if (at[1] != '0' && at[1] != '1')
			return tw_fail(e, EX_USAGE, "'%s' is not a JSON pointer: ~ is written ~0",
			               pointer);
	}
	return true;
}

/* number_before reads ":NUMBER" that ends at `end`; returns where the ':' is, or NULL. */
static const char *
number_before(const char *begin, const char *end, size_t *number)
{
	const char *at = end;

	while (at > begin && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at == end || end - at > 9 || at - begin < 2 || at[-1] != ':')
		return NULL;
	*number = (size_t)strtoul(at, NULL, 10);
	return *number > 0 ? at - 1 : NULL;
}

bool
tw_dsn_locator_parse(const char *operand, struct tw_dsn_locator *l, struct tw_err *e)
{
	struct tw_dsn_locator own = TW_DSN_LOCATOR_INIT;
	const char *hash = strstr(operand, "#/"), *end = operand + strlen(operand), *colon;
	bool exists = false;
	struct stat st;
	size_t last;

	if (!tw_file_status(operand, &st, &exists, e) && e->exit != EX_NOPERM &&
	    e->exit != EX_USAGE)
		return false;
	*e = (struct tw_err)TW_ERR_INIT;
	if (!exists && hash == NULL && end > operand && end[-1] == '#')
		hash = end - 1;
	if (!exists && hash != NULL) {
		end = hash;
		own.pointer = strdup(hash + 1);
	} else if (!exists && (colon = number_before(operand, end, &own.line)) != NULL) {
		end = colon;
		colon = number_before(operand, end, &last);
		if (colon != NULL) {
			own.column = own.line;
			own.line = last;
			end = colon;
		}
	}
	own.path = strndup(operand, (size_t)(end - operand));
	if (own.path == NULL || (hash != NULL && !exists && own.pointer == NULL)) {
		tw_dsn_locator_free(&own);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	if (own.pointer != NULL && !pointer_check(own.path, own.pointer, e)) {
		tw_dsn_locator_free(&own);
		return false;
	}
	*l = own;
	return true;
}

void
tw_dsn_locator_free(struct tw_dsn_locator *l)
{
	free(l->path);
	free(l->pointer);
	*l = (struct tw_dsn_locator)TW_DSN_LOCATOR_INIT;
}

bool
tw_dsn_locate(const struct tw_source *src, const struct tw_dsn_locator *l, struct tw_place *at,
              struct tw_err *e)
{
	return l->pointer == NULL || tw_text_json_at(src, l->pointer, at, e);
}

bool
tw_dsn_located(const struct tw_dsn_found *f, const struct tw_dsn_locator *l,
               const struct tw_place *at)
{
	if (l->pointer != NULL)
		return f->at.offset == at->offset;
	if (l->line == 0)
		return true;
	return l->column > 0 ? f->at.line == l->line && f->at.column == l->column
	                     : f->at.line <= l->line && l->line <= f->last_line;
}

/* text_in tells whether a value is one of a list; an empty list holds all. */
static bool
text_in(const char *value, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(value != NULL ? value : "", list[i]) == 0)
			return true;
	}
	return n == 0;
}

/* port_of is the port that a DSN without a service has, libpq's default where it names none. */
static long
port_of(const struct tw_dsn *dsn)
{
	const char *port = dsn->value[TW_DSN_PORT];

	if (port == NULL)
		return 5432;
	return *port != '\0' && strspn(port, "0123456789") == strlen(port) ? strtol(port, NULL, 10)
	                                                                   : -1;
}

/* host_of is the host that a DSN connects to: hostaddr goes before host. */
static const char *
host_of(const struct tw_dsn *dsn)
{
	return dsn->value[TW_DSN_HOSTADDR] ? dsn->value[TW_DSN_HOSTADDR] : dsn->value[TW_DSN_HOST];
}

/* from_is tells whether a DSN has the values that it must have. */
static bool
from_is(const struct tw_dsn *dsn, const struct tw_dsn_wanted *w)
{
	if (dsn->opaque) /* its values are not certain */
		return w->from_port == 0 && w->n_hosts == 0 && w->n_dbnames == 0;
	return (w->from_port == 0 || port_of(dsn) == w->from_port) &&
	       (text_in(dsn->value[TW_DSN_HOST], w->from_hosts, w->n_hosts) ||
	        text_in(host_of(dsn), w->from_hosts, w->n_hosts)) &&
	       text_in(dsn->value[TW_DSN_DBNAME], w->from_dbnames, w->n_dbnames);
}

/* done_is tells whether a DSN has already what it shall get, as after an earlier run. */
static bool
done_is(const struct tw_dsn *dsn, const struct tw_dsn_wanted *w)
{
	if (dsn->opaque || dsn->value[TW_DSN_PORT] == NULL || port_of(dsn) != w->to.port)
		return false;
	if (w->to.host != NULL ? !text_in(host_of(dsn), &w->to.host, 1)
	                       : !text_in(host_of(dsn), w->from_hosts, w->n_hosts))
		return false;
	return text_in(dsn->value[TW_DSN_DBNAME], w->from_dbnames, w->n_dbnames);
}

/* candidates_list appends the places of the DSNs in question. */
static bool
candidates_list(const char *path, const struct tw_dsn_list *list, const bool *in,
                struct tw_buf *notes, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < list->n; i++) {
		const struct tw_place *at = &list->item[i].at;

		ok = !in[i] || (tw_dsn_printable(path, strlen(path), notes, e) &&
		                tw_buf_printf(notes, e, ":%zu:%zu\n", at->line, at->column));
	}
	return ok;
}

/* overridden refuses a DSN whose JSON key comes again later: programs read the last one. */
static bool
overridden(const struct tw_source *src, const struct tw_dsn_found *f, struct tw_err *e)
{
	struct tw_place last;

	if (f->pointer == NULL)
		return true;
	if (tw_text_json_at(src, f->pointer, &last, e) && last.offset == f->at.offset)
		return true;
	return tw_fail(e, EX_DATAERR, "%s:%zu:%zu: a later '%s' overrides this DSN", src->path,
	               f->at.line, f->at.column, f->pointer);
}

/*
 * rank orders what could be meant: a DSN as a whole goes before settings that are sure to be one,
 * these before a DSN of which parts come from elsewhere. Other settings (-1) only where they are
 * located: they may belong to something else.
 */
static int
rank(const struct tw_dsn_found *f, bool located)
{
	const char *port = f->dsn.value[TW_DSN_PORT];

	if (f->kind != TW_DSN_TEXT)
		return f->sure || f->kind == TW_DSN_SERVICEFILE || f->kind == TW_DSN_PGPASS ? 1
		       : located                                                            ? 3
		                                                                            : -1;
	/* "port=" before a macro, and "port=%d" */
	return f->joined || (port != NULL && (*port == '\0' || tw_dsn_marked(port))) ? 2 : 0;
}

#define RANKS 4

/* located_mark marks what a locator points at; EX_DATAERR, with the place, where that is no DSN. */
static bool
located_mark(const struct tw_source *src, const struct tw_dsn_list *list,
             const struct tw_dsn_locator *l, bool *in, struct tw_err *e)
{
	struct tw_place at = { 0, 0, 0 };
	bool any = false;

	if (!tw_dsn_locate(src, l, &at, e))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		bool located = l->pointer != NULL || l->line > 0;

		in[i] = tw_dsn_located(&list->item[i], l, &at) &&
		        rank(&list->item[i], located) >= 0;
		any = any || in[i];
	}
	if (any)
		return true;
	if (l->pointer != NULL)
		return tw_fail(e, EX_DATAERR, "%s:%zu:%zu: the value at '%s' is not a DSN",
		               src->path, at.line, at.column, l->pointer);
	if (l->line > 0)
		return tw_fail(e, EX_DATAERR, "%s:%zu: no DSN there", src->path, l->line);
	tw_fail(e, EX_DATAERR, "%s: no DSN in this file", src->path);
	return list->n > 0 &&
	       tw_hint(e, "settings that may be one are listed above: name them as FILE:LINE.");
}

/* selected_one narrows the marked DSNs down to the one that is meant: those of the first rank that
 * has any. */
static bool
selected_one(const struct tw_source *src, const struct tw_dsn_list *list,
             const struct tw_dsn_wanted *w, const bool *in, size_t *index, struct tw_err *e)
{
	size_t from = 0, done = 0, first = 0;

	for (int r = 0; r < RANKS && from == 0 && done == 0; r++) {
		for (size_t i = 0; i < list->n; i++) {
			const struct tw_dsn_found *f = &list->item[i];

			if (!in[i] || rank(f, true) != r)
				continue;
			if (from_is(&f->dsn, w) && from++ == 0)
				*index = i;
			if (done_is(&f->dsn, w) && done++ == 0)
				first = i;
		}
	}
	if (from > 1) {
		tw_fail(e, EX_DATAERR, "%s: %zu DSNs could be meant", src->path, from);
		return tw_hint(e,
		               "name one as %s or FILE:LINE, or narrow them down with --from-port, "
		               "--from-host, --from-dbname.",
		               tw_text_pointers(src->path) ? "FILE#/json/pointer"
		                                           : "FILE:LINE:COLUMN");
	}
	if (from == 0 && done == 0)
		return tw_fail(e, EX_DATAERR, "%s: no DSN here has the --from values", src->path);
	if (from == 0)
		*index = first; /* an earlier run moved it */
	return true;
}

bool
tw_dsn_select(const struct tw_source *src, const struct tw_dsn_list *list,
              const struct tw_dsn_locator *l, const struct tw_dsn_wanted *wanted, size_t *index,
              struct tw_buf *notes, struct tw_err *e)
{
	bool *in = calloc(list->n + 1, sizeof(*in)), ok;
	struct tw_err ignored = TW_ERR_INIT;

	if (in == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	ok = located_mark(src, list, l, in, e);
	if (!ok)
		memset(in, true, list->n * sizeof(*in));
	ok = ok && selected_one(src, list, wanted, in, index, e);
	if (!ok)
		candidates_list(src->path, list, in, notes, &ignored);
	free(in);
	return ok && overridden(src, &list->item[*index], e);
}
