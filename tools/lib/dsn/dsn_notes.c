/* SPDX-License-Identifier: ISC */
/*
 * dsn_notes.c: what somebody should know about a plan before it is carried out: a password that
 * everybody can read, settings beside a DSN that keep the old port, and a .pgpass whose line for
 * the old port is then no longer found, so that a login fails for want of a password.
 */
#include "base/file.h"
#include "dsn_plan.h"
#include "dsn_setting.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* The port of a DSN as text: libpq's default where it names none. */
static const char *
port_text(const struct tw_dsn *dsn)
{
	return dsn->value[TW_DSN_PORT] != NULL ? dsn->value[TW_DSN_PORT] : "5432";
}

/* place_add appends "PATH:LINE:COLUMN". */
static bool
place_add(const char *path, const struct tw_dsn_found *f, struct tw_buf *out, struct tw_err *e)
{
	return tw_dsn_printable(path, strlen(path), out, e) &&
	       tw_buf_printf(out, e, ":%zu:%zu", f->at.line, f->at.column);
}

/* meant_is tells whether the i-th DSN of a file is one that the plan is about. */
static bool
meant_is(const struct tw_dsn_file *f, size_t i)
{
	for (size_t j = 0; j < f->n; j++) {
		if (f->meant[j].index == i)
			return true;
	}
	return false;
}

/* beside_note warns of settings in the same file that have the port which a DSN loses. */
static bool
beside_note(const struct tw_dsn_file *f, const struct tw_dsn_found *moved, struct tw_buf *notes,
            struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < f->before.n; i++) {
		const struct tw_dsn_found *other = &f->before.item[i];

		if (other->kind == TW_DSN_TEXT || other->kind == TW_DSN_PGPASS ||
		    other->kind == TW_DSN_SERVICEFILE || !other->sure || meant_is(f, i) ||
		    strcmp(port_text(&other->dsn), port_text(&moved->dsn)) != 0)
			continue;
		ok = place_add(f->path, other, notes, e) &&
		     tw_buf_printf(notes, e,
		                   ": warning: port %s is set here too, and is not moved\n",
		                   port_text(&moved->dsn));
	}
	return ok;
}

/* field_fits tells whether a field of .pgpass (NULL: '*') is for a value of a DSN. */
static bool
field_fits(const char *field, const char *value)
{
	return field == NULL || value == NULL || strcmp(field, value) == 0;
}

/* line_fits tells whether a line of .pgpass is for a DSN with a port. */
static bool
line_fits(const struct tw_dsn *line, const struct tw_dsn *dsn, const char *port)
{
	const char *host = dsn->value[TW_DSN_HOST], *own = line->value[TW_DSN_HOST];

	/* libpq looks for a socket as "localhost" */
	if (host == NULL || *host == '/' || *host == '\0')
		host = "localhost";
	return line->value[TW_DSN_PORT] != NULL && strcmp(line->value[TW_DSN_PORT], port) == 0 &&
	       field_fits(own, host) &&
	       field_fits(line->value[TW_DSN_DBNAME], dsn->value[TW_DSN_DBNAME]) &&
	       field_fits(line->value[TW_DSN_USER], dsn->value[TW_DSN_USER]);
}

/* planned is the file of a plan at a path, or NULL. */
static const struct tw_dsn_file *
planned(const struct tw_dsn_plan *plan, const struct stat *st)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->file[i].st.st_dev == st->st_dev && plan->file[i].st.st_ino == st->st_ino)
			return &plan->file[i];
	}
	return NULL;
}

/* passfile_note warns of a line of one .pgpass that a DSN of `f` would no longer find. */
static bool
passfile_note(const struct tw_dsn_plan *plan, const char *path, const struct tw_dsn_file *f,
              const struct tw_dsn_found *moved, long to_port, struct tw_buf *notes,
              struct tw_err *e)
{
	struct tw_dsn_list list = TW_DSN_LIST_INIT;
	struct tw_err ignored = TW_ERR_INIT;
	struct tw_buf bytes = TW_BUF_INIT;
	const struct tw_dsn_file *own;
	size_t old = SIZE_MAX;
	bool has_new = false, ok = true;
	char port[24];
	struct stat st;

	snprintf(port, sizeof(port), "%ld", to_port);
	if (!tw_dsn_load(path, false, &bytes, &st, &list, &ignored))
		return true; /* there is none, or not for us */
	own = planned(plan, &st);
	for (size_t i = 0; i < list.n; i++) {
		if (own != NULL && meant_is(own, i))
			has_new = has_new ||
			          line_fits(&list.item[i].dsn, &moved->dsn, port_text(&moved->dsn));
		else if (line_fits(&list.item[i].dsn, &moved->dsn, port))
			has_new = true;
		else if (old == SIZE_MAX &&
		         line_fits(&list.item[i].dsn, &moved->dsn, port_text(&moved->dsn)))
			old = i;
	}
	if (old != SIZE_MAX && !has_new)
		ok = place_add(path, &list.item[old], notes, e) &&
		     tw_buf_printf(notes, e, ": warning: here is the password of ") &&
		     place_add(f->path, moved, notes, e) &&
		     tw_buf_printf(notes, e, " for port %s only: name this too\n",
		                   port_text(&moved->dsn));
	tw_dsn_list_free(&list);
	tw_buf_free(&bytes);
	return ok;
}

/* passfiles_note looks at the passfiles of whoever runs this, and of the owner of the file. */
static bool
passfiles_note(const struct tw_dsn_plan *plan, const struct tw_dsn_file *f,
               const struct tw_dsn_found *moved, long to_port, struct tw_buf *notes,
               struct tw_err *e)
{
	const char *set = getenv("PGPASSFILE"), *home = getenv("HOME");
	const struct passwd *owner = getpwuid(f->st.st_uid);
	const char *homes[] = { home, owner != NULL ? owner->pw_dir : NULL };
	bool ok = true;

	/* only what has such a name is read as one */
	if (set != NULL && tw_pgpass_is(set))
		ok = passfile_note(plan, set, f, moved, to_port, notes, e);
	for (size_t i = 0; ok && i < 2; i++) {
		struct tw_buf path = TW_BUF_INIT;

		if (homes[i] == NULL || *homes[i] != '/' ||
		    (i == 1 && home != NULL && strcmp(home, homes[i]) == 0))
			continue;
		ok = tw_buf_printf(&path, e, "%s/.pgpass", homes[i]) &&
		     passfile_note(plan, tw_buf_text(&path), f, moved, to_port, notes, e);
		tw_buf_free(&path);
	}
	return ok;
}

bool
tw_dsn_plan_notes(const struct tw_dsn_plan *plan, long to_port, struct tw_buf *notes,
                  struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < plan->n; i++) {
		const struct tw_dsn_file *f = &plan->file[i];
		bool secret = false;

		for (size_t j = 0; ok && j < f->n; j++) {
			const struct tw_dsn_found *m = &f->before.item[f->meant[j].index];

			secret = secret || m->dsn.secrets > 0;
			if (f->meant[j].edits.n == 0)
				continue;
			ok = beside_note(f, m, notes, e) &&
			     (m->dsn.secrets > 0 || m->kind == TW_DSN_PGPASS ||
			      passfiles_note(plan, f, m, to_port, notes, e));
		}
		if (ok && secret && (f->st.st_mode & S_IROTH) != 0)
			ok = tw_dsn_printable(f->path, strlen(f->path), notes, e) &&
			     tw_buf_puts(
				 notes, ": warning: everyone can read this file and its password\n",
				 e);
	}
	return ok;
}
