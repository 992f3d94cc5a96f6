/* SPDX-License-Identifier: ISC */
/* straggler.c: who is direct in two samples in a row. */
#include "site/database.h"
#include "straggler.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Between two samples, and for one of them at most, in ms. */
#define INTERVAL 250
#define TIMEOUT 5000

void
tw_stragglers_free(struct tw_stragglers *s)
{
	free(s->two.item);
	free(s->one.item);
	*s = (struct tw_stragglers)TW_STRAGGLERS_INIT;
}

/* ours tells whether a connection is one of twpool's own programs, which come and go. */
static bool
ours(const struct tw_backend *b)
{
	static const char *const programs[] = { "twpool-auth", "twpool-check", "twpool-dsn",
		                                "twpool-lint", "twpool-size",  "twpool-stress",
		                                NULL };
	const char *const *program = programs;

	while (*program != NULL && strcmp(*program, b->application) != 0)
		program++;
	return *program != NULL;
}

/* user_of tells whether a role is one of the site's users. */
static bool
user_of(const struct tw_site *site, const char *role)
{
	const json_t *user;
	bool found = false;
	size_t i;

	json_array_foreach (json_object_get(site->root, "users"), i, user)
		found = found || tw_json_is(user, "name", role);
	return found;
}

/* database_of tells whether a database is one of the site's on the site's own PostgreSQL. */
static bool
database_of(const struct tw_site *site, const char *name)
{
	const char *host = tw_site_text(site, "postgres.host");
	long long port = tw_site_integer(site, "postgres.port");
	const json_t *element;
	bool found = false;
	size_t i;

	json_array_foreach (json_object_get(site->root, "databases"), i, element) {
		struct tw_database d;

		tw_database_read(site->root, element, &d);
		found = found || (strcmp(d.dbname, name) == 0 && strcmp(d.host, host) == 0 &&
		                  d.port == port);
	}
	return found;
}

/* same tells whether two are one connection: process ids come again. */
static bool
same(const struct tw_backend *a, const struct tw_backend *b)
{
	return a->pid == b->pid && strcmp(a->since, b->since) == 0;
}

/* listed tells whether a connection is in a list. */
static bool
listed(const struct tw_backends *list, const struct tw_backend *b)
{
	for (size_t i = 0; i < list->n; i++) {
		if (same(&list->item[i], b))
			return true;
	}
	return false;
}

/* list_make makes an empty list for n. */
static bool
list_make(struct tw_backends *list, size_t n, struct tw_err *e)
{
	*list = (struct tw_backends){ 0, calloc(n + 1, sizeof(*list->item)) };
	return list->item != NULL || tw_fail(e, EX_OSERR, "out of memory");
}

/* direct_read lists those of a sample that are the site's, direct and not from before `since`. */
static bool
direct_read(const struct tw_site *site, const char *since, const struct tw_sample *sample,
            struct tw_backends *list, struct tw_err *e)
{
	if (!list_make(list, sample->outside.n, e))
		return false;
	for (size_t i = 0; i < sample->outside.n; i++) {
		const struct tw_backend *b = &sample->outside.item[i];

		if (!user_of(site, b->role) || !database_of(site, b->database) || ours(b))
			continue;
		if (b->hidden) {
			tw_fail(e, EX_NOPERM,
			        "PostgreSQL does not show what process %ld of '%s' is", b->pid,
			        b->role);
			return tw_hint(e, "ask as a role with pg_monitor, or as a superuser.");
		}
		if (strcmp(b->since, since) < 0)
			continue;
		list->item[list->n++] = *b;
	}
	return true;
}

bool
tw_stragglers_observe(struct tw_stragglers *s, const struct tw_sample *sample, struct tw_err *e)
{
	struct tw_backends now = { 0, NULL }, two = { 0, NULL };
	bool ok = direct_read(s->site, s->since, sample, &now, e) && list_make(&two, now.n, e);

	if (!ok) {
		free(now.item);
		return false;
	}
	for (size_t i = 0; i < now.n; i++) {
		if (listed(&s->one, &now.item[i]))
			two.item[two.n++] = now.item[i];
	}
	free(s->one.item);
	free(s->two.item);
	s->one = now;
	s->two = two;
	s->samples++;
	s->clear = now.n == 0 ? s->clear + 1 : 0;
	s->servers = sample->pooled;
	return true;
}

bool
tw_stragglers_watch(struct tw_stragglers *s, struct tw_sampler *sampler, tw_ms most,
                    struct tw_err *e)
{
	struct tw_sample sample = TW_SAMPLE_INIT;
	tw_ms start = tw_pg_now();
	bool ok;

	for (;;) {
		tw_ms deadline = tw_pg_now() + TIMEOUT;

		ok = tw_sample_console(sampler, deadline, &sample, e) &&
		     tw_sample_postgres(sampler, deadline, &sample, e) &&
		     tw_stragglers_observe(s, &sample, e);
		s->lasted = tw_pg_now() - start;
		if (!ok || s->clear >= 2 || (s->samples >= 2 && s->lasted >= most))
			break;
		poll(NULL, 0, INTERVAL);
	}
	tw_sample_free(&sample);
	return ok;
}

/* name_add appends a name; what would end the line or confuse a terminal as a question mark. */
static bool
name_add(struct tw_buf *out, const char *name, struct tw_err *e)
{
	bool ok = true;

	for (; ok && *name != '\0'; name++)
		ok = tw_buf_add(out, iscntrl((unsigned char)*name) ? "?" : name, 1, e);
	return ok;
}

/* place_text is "127.0.0.1:40000", "[::1]:40000", or "local socket". */
static void
place_text(const struct tw_backend *b, char *out, size_t size)
{
	bool v6 = strchr(b->address, ':') != NULL;

	if (*b->address == '\0')
		snprintf(out, size, "local socket");
	else
		snprintf(out, size, "%s%s%s:%d", v6 ? "[" : "", b->address, v6 ? "]" : "", b->port);
}

/* backend_add appends the line of one. */
static bool
backend_add(const struct tw_backend *b, struct tw_buf *out, struct tw_err *e)
{
	char place[96];

	place_text(b, place, sizeof(place));
	return tw_buf_printf(out, e, "pid %ld: ", b->pid) && name_add(out, b->role, e) &&
	       tw_buf_puts(out, " on ", e) && name_add(out, b->database, e) &&
	       tw_buf_printf(out, e, " from %s, application \"", place) &&
	       name_add(out, b->application, e) &&
	       tw_buf_printf(out, e, "\", since %s\n", b->since);
}

bool
tw_stragglers_text(const struct tw_stragglers *s, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < s->two.n; i++)
		ok = backend_add(&s->two.item[i], out, e);
	return ok && (s->two.n > 0 ||
	              tw_buf_printf(
			  out, e, "nobody comes directly; the pooler has %ld server connection%s\n",
			  s->servers, s->servers == 1 ? "" : "s"));
}

/* backend_json is one entry of stragglers[]. */
static json_t *
backend_json(const struct tw_backend *b)
{
	bool local = *b->address == '\0';

	return json_pack("{sI so so so so so ss}", "pid", (json_int_t)b->pid, "role",
	                 tw_json_name(b->role), "database", tw_json_name(b->database),
	                 "application_name", tw_json_name(b->application), "client_address",
	                 local ? json_null() : json_string(b->address), "client_port",
	                 local ? json_null() : json_integer(b->port), "since", b->since);
}

json_t *
tw_stragglers_json(const struct tw_stragglers *s, const char *tool)
{
	json_t *report = tw_json_report(tool, s->two.n == 0 ? "ok" : "stragglers");
	json_t *list = json_array();

	for (size_t i = 0; i < s->two.n; i++)
		json_array_append_new(list, backend_json(&s->two.item[i]));
	json_object_set_new(report, "stragglers", list);
	json_object_set_new(report, "server_connections", json_integer(s->servers));
	json_object_set_new(report, "samples", json_integer(s->samples));
	json_object_set_new(report, "watched_seconds", json_real((double)s->lasted / 1000));
	return report;
}
