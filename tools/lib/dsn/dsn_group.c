/* SPDX-License-Identifier: ISC */
/* dsn_group.c: which settings make a connection together, and how sure it is PostgreSQL's. */
#include "dsn_scan.h"
#include "dsn_setting.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The settings of one group, by their places, and what they say about it. */
struct group {
	const struct tw_setting *item;
	size_t n;
	const struct tw_setting *port, *host, *dbname;
	bool twice;  /* host or port, which programs may read either of */
	bool hint;   /* something says PostgreSQL */
	bool driver; /* it is an argument of a driver of PostgreSQL */
	bool client; /* ... if a database is named in it */
	bool doubt;  /* other code may have another port in its place */
	bool other;  /* something says another server */
};

/* by_group orders settings by their groups, those of one by their places. */
static int
by_group(const void *a, const void *b)
{
	const struct tw_setting *x = a, *y = b;
	int order = strcmp(x->group, y->group);

	return order != 0 ? order : x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* names_one tells whether a text contains one of the words of a list (up to NULL). */
static bool
names_one(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcasestr(text, *words) != NULL)
			return true;
	}
	return false;
}

/* group_note takes one setting into account. */
static void
group_note(struct group *g, const struct tw_setting *s)
{
	static const char *const ours[] = { "postgres", "pgsql", "psql", NULL };
	static const char *const others[] = { "mysql",   "maria", "redis", "mongo",    "oracle",
		                              "mssql",   "smtp",  "mail",  "rabbit",   "amqp",
		                              "kafka",   "ldap",  "http",  "memcache", "sqlite",
		                              "elastic", NULL };
	const char *text = s->key == TW_SETTING_KIND ? tw_buf_text(&s->value) : s->group;

	g->hint = g->hint || names_one(text, ours) || strstr(text, "/pg\001") != NULL ||
	          strncasecmp(text + strcspn(text, "\001"), "\001pg_", 4) == 0;
	g->other = g->other || names_one(text, others);
	if (s->key == TW_DSN_PORT || s->key == TW_DSN_HOST) {
		g->driver = g->driver || s->claim == TW_CLAIM_DRIVER;
		g->client = g->client || s->claim == TW_CLAIM_CLIENT;
	}
	g->doubt = g->doubt || s->claim >= TW_CLAIM_DOUBT;
	if (s->key == TW_DSN_PORT) {
		g->twice = g->twice || g->port != NULL;
		g->port = s;
	} else if (s->key == TW_DSN_HOST || s->key == TW_DSN_HOSTADDR) {
		g->twice = g->twice || (g->host != NULL && g->host->key == s->key);
		g->host = s;
	} else if (s->key == TW_DSN_DBNAME) {
		g->dbname = s;
	}
}

/* number_is tells whether a value is a port. */
static bool
number_is(const struct tw_buf *value)
{
	return value->len <= 5 && strspn(value->data, "0123456789") == value->len;
}

/* server_in tells whether the file starts a PostgreSQL of its own around a group. */
static bool
server_in(const struct tw_settings *all, const char *group)
{
	for (size_t i = 0; i < all->n; i++) {
		const char *server = all->item[i].group;
		size_t n = strcspn(server, "\001");

		if (all->item[i].key == TW_SETTING_SERVER && strncmp(server, group, n) == 0 &&
		    strchr("/\001", group[n]) != NULL)
			return true;
	}
	return false;
}

/* group_is tells whether settings are a connection, as what, and how sure that is. */
static bool
group_is(const struct tw_settings *all, const struct group *g, struct tw_dsn_found *as)
{
	const char *group = g->item->group;

	if (*group == 'F') {
		as->kind = TW_DSN_SERVICEFILE;
		return true;
	}
	if (*group == 'E') {
		as->kind = TW_DSN_ENVIRONMENT;
		as->sure = !server_in(all, group) && !g->doubt;
		return g->port != NULL || g->host != NULL;
	}
	as->kind = TW_DSN_SETTINGS;
	/* a driver has a port though none is written here, and an expression is one */
	if (g->driver || (g->client && g->dbname != NULL)) {
		as->sure = !g->doubt;
		return !g->other && (g->port != NULL || g->host != NULL);
	}
	as->sure = g->hint && g->host != NULL && !g->doubt;
	return g->port != NULL && number_is(&g->port->value) && !g->other &&
	       (g->hint || (g->host != NULL && g->dbname != NULL));
}

/* ending is what ends the lines of a file, if one ends at byte `at`; else NULL. */
static const char *
ending(const struct tw_source *src, size_t at)
{
	const char *first = memchr(src->bytes, '\n', src->n);
	bool crlf = first != NULL && first > src->bytes && first[-1] == '\r';

	if (at == src->n)
		return crlf ? "\r\n" : "\n";
	if (crlf)
		return src->n - at > 1 && memcmp(src->bytes + at, "\r\n", 2) == 0 ? "\r\n" : NULL;
	return src->bytes[at] == '\n' ? "\n" : NULL;
}

/* group_keep adds a group to the list of DSNs, if it is a connection. */
static bool
group_keep(const struct tw_settings *all, const struct group *g, const struct tw_source *src,
           struct tw_dsn_list *list, struct tw_err *e)
{
	const struct tw_setting *last = &g->item[g->n - 1], *shown = g->port ? g->port : g->item;
	struct tw_dsn_found as = { .last_line = last->last_line };
	struct tw_keywords k = { .cap = 0 };
	const char *separator = " ";
	bool ok = true;

	if (!group_is(all, g, &as))
		return true;
	/* a section may gain a port: its place must not change with that */
	if (as.kind == TW_DSN_SERVICEFILE)
		shown = g->item;
	else
		as.last_line = shown->last_line;
	as.at = shown->at;
	as.pointer = shown->pointer;
	as.why = g->twice ? "its host or port is set more than once" : NULL;
	as.dsn.closed = true;
	if (as.kind == TW_DSN_SERVICEFILE && ending(src, last->end) != NULL) {
		separator = ending(src, last->end);
		as.dsn.closed = false;
		as.dsn.separator = separator;
	}
	for (size_t i = 0; ok && i < g->n; i++) {
		const struct tw_setting *s = &g->item[i];
		const char *name = s->key == TW_SETTING_PASSWORD ? "password"
		                   : s->key < TW_DSN_KEYS ? tw_dsn_keyword((enum tw_dsn_key)s->key)
		                                          : NULL;

		ok = name == NULL || tw_keywords_add(&k, separator, name, tw_buf_text(&s->value),
		                                     s->raw, s->value.len, e);
	}
	ok = ok && tw_keywords_keep(&k, &as, list, e);
	tw_keywords_free(&k);
	return ok;
}

bool
tw_settings_group(struct tw_settings *s, const struct tw_source *src, struct tw_dsn_list *list,
                  struct tw_err *e)
{
	bool ok = true;

	if (s->n > 1)
		qsort(s->item, s->n, sizeof(*s->item), by_group);
	for (size_t i = 0, j; ok && i < s->n; i = j) {
		struct group g = { .item = &s->item[i] };

		for (j = i; j < s->n && strcmp(s->item[i].group, s->item[j].group) == 0; j++)
			group_note(&g, &s->item[j]);
		g.n = j - i;
		ok = group_keep(s, &g, src, list, e);
	}
	return ok;
}

/* byte_add appends a byte of the text with its place in the file. */
static bool
byte_add(struct tw_keywords *k, char c, struct tw_raw raw, struct tw_err *e)
{
	if (k->text.len == k->cap) {
		size_t cap = k->cap > 0 ? 2 * k->cap : 64;
		struct tw_raw *grown = reallocarray(k->raw, cap, sizeof(*grown));

		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		k->raw = grown;
		k->cap = cap;
	}
	k->raw[k->text.len] = raw;
	return tw_buf_add(&k->text, &c, 1, e);
}

/* glue_add appends what has no bytes in the file, at a place of it. */
static bool
glue_add(struct tw_keywords *k, const char *glue, uint32_t at, struct tw_err *e)
{
	bool ok = true;

	for (; ok && *glue != '\0'; glue++)
		ok = byte_add(k, *glue, (struct tw_raw){ at, at }, e);
	return ok;
}

bool
tw_keywords_add(struct tw_keywords *k, const char *separator, const char *name, const char *value,
                const struct tw_raw *raw, size_t n, struct tw_err *e)
{
	uint32_t begin = raw[0].begin, end = raw[n - 1].end;
	bool quoted = strpbrk(value, " \t\r\n\v\f'\\") != NULL;
	bool ok = (k->text.len == 0 || glue_add(k, separator, begin, e)) &&
	          glue_add(k, name, begin, e) && glue_add(k, quoted ? "='" : "=", begin, e);

	for (size_t i = 0; ok && i < n; i++)
		ok = (strchr("'\\", value[i]) == NULL || glue_add(k, "\\", raw[i].begin, e)) &&
		     byte_add(k, value[i], raw[i], e);
	return ok && (!quoted || glue_add(k, "'", end, e));
}

bool
tw_keywords_keep(struct tw_keywords *k, const struct tw_dsn_found *as, struct tw_dsn_list *list,
                 struct tw_err *e)
{
	struct tw_dsn_found *f;
	struct tw_dsn dsn;
	bool is;

	if (!tw_dsn_read(tw_buf_text(&k->text), k->text.len, &dsn, &is, e))
		return false;
	if (!is)
		return true;
	dsn.closed = as->dsn.closed;
	dsn.separator = as->dsn.separator;
	if (!tw_dsn_list_grow(list, e)) {
		tw_dsn_free(&dsn);
		return false;
	}
	f = &list->item[list->n++];
	*f = *as;
	f->dsn = dsn;
	f->text = k->text;
	f->raw = k->raw;
	f->pointer = as->pointer != NULL ? strdup(as->pointer) : NULL;
	*k = (struct tw_keywords){ .cap = 0 };
	return as->pointer == NULL || f->pointer != NULL || tw_fail(e, EX_OSERR, "out of memory");
}

void
tw_keywords_free(struct tw_keywords *k)
{
	tw_buf_free(&k->text);
	free(k->raw);
	*k = (struct tw_keywords){ .cap = 0 };
}
