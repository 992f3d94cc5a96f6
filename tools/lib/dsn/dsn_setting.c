/* SPDX-License-Identifier: ISC */
/* dsn_setting.c: which texts of a file are values of a connection, by their names and places. */
#include "dsn_scan.h"
#include "dsn_setting.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Longer values are none of a connection's; nor are names that are assigned four deep. */
#define VALUE_MAX ((size_t)1024)
#define ASSIGNMENTS_MAX 3

struct name {
	const char *name;
	int key;
};

/* libpq's environment (libpq 15, fe-connect.c). */
static const struct name environment[] = {
	{ "PGHOST", TW_DSN_HOST },
	{ "PGHOSTADDR", TW_DSN_HOSTADDR },
	{ "PGPORT", TW_DSN_PORT },
	{ "PGDATABASE", TW_DSN_DBNAME },
	{ "PGUSER", TW_DSN_USER },
	{ "PGPASSWORD", TW_SETTING_PASSWORD },
	{ "PGSERVICE", TW_DSN_SERVICE },
	{ "PGOPTIONS", TW_DSN_OPTIONS },
	{ "PGCHANNELBINDING", TW_DSN_CHANNEL_BINDING },
	{ "PGSSLMODE", TW_DSN_SSLMODE },
	{ "PGGSSENCMODE", TW_DSN_GSSENCMODE },
	{ "PGTARGETSESSIONATTRS", TW_DSN_TARGET_SESSION_ATTRS },
	{ NULL, 0 },
};

/*
 * What programs call the same, alone or after something: port, DB_PORT, dbPort, db.port; what ends
 * with another comes before it.
 */
static const struct name siblings[] = {
	{ "port", TW_DSN_PORT },         { "portNumber", TW_DSN_PORT },
	{ "host", TW_DSN_HOST },         { "hostname", TW_DSN_HOST },
	{ "serverName", TW_DSN_HOST },   { "dbname", TW_DSN_DBNAME },
	{ "database", TW_DSN_DBNAME },   { "databaseName", TW_DSN_DBNAME },
	{ "db", TW_DSN_DBNAME },         { "user", TW_DSN_USER },
	{ "username", TW_DSN_USER },     { "driverName", TW_SETTING_KIND },
	{ "name", TW_DSN_DBNAME },       { "password", TW_SETTING_PASSWORD },
	{ "pass", TW_SETTING_PASSWORD }, { "sslmode", TW_DSN_SSLMODE },
	{ "driver", TW_SETTING_KIND },   { "adapter", TW_SETTING_KIND },
	{ "engine", TW_SETTING_KIND },   { "dialect", TW_SETTING_KIND },
	{ "type", TW_SETTING_KIND },     { NULL, 0 },
};

/* A text as a setting: its name, whose it is, and where in the text the value begins. */
struct named {
	const char *name;
	size_t n;
	const char *scope; /* not owned, of scope_n bytes */
	size_t scope_n;
	size_t value;
};

/* base is the name of a file without its directories. */
static const char *
base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* exact is the key of a name of n bytes in a table, or -1. */
static int
exact(const struct name *table, const char *name, size_t n)
{
	for (; table->name != NULL; table++) {
		if (strlen(table->name) == n && memcmp(table->name, name, n) == 0)
			return table->key;
	}
	return -1;
}

/* libpq_key is the key of a name that stands in pg_service.conf, or -1. */
static int
libpq_key(const char *name, size_t n)
{
	for (int i = 0; i < TW_DSN_KEYS; i++) {
		const char *k = tw_dsn_keyword((enum tw_dsn_key)i);

		if (strlen(k) == n && memcmp(k, name, n) == 0)
			return i;
	}
	return n == 8 && memcmp(name, "password", 8) == 0 ? TW_SETTING_PASSWORD : -1;
}

/* sibling is the key of the word that a name ends with, or -1; *prefix is what stands before it. */
static int
sibling(const char *name, size_t n, size_t *prefix)
{
	for (const struct name *s = siblings; s->name != NULL; s++) {
		size_t len = strlen(s->name), at = n - len;
		bool begins;

		if (len > n || strncasecmp(name + at, s->name, len) != 0)
			continue;
		begins = at == 0 || strchr("_.-", name[at - 1]) != NULL ||
		         (islower((unsigned char)name[at - 1]) && isupper((unsigned char)name[at]));
		if (!begins)
			continue;
		*prefix = at;
		return s->key;
	}
	return -1;
}

/* counted is the length of a scope without the number of an element at its end, "/-7" or "/7". */
static size_t
counted(const char *scope, size_t n)
{
	size_t at = n;

	while (at > 0 && isdigit((unsigned char)scope[at - 1]))
		at--;
	if (at == n)
		return n;
	at -= at > 0 && scope[at - 1] == '-';
	return at > 0 && scope[at - 1] == '/' ? at - 1 : n;
}

/* name_find finds the name of a text: one that it assigns, or the key that it stands at. */
static bool
name_find(const struct tw_text *t, struct named *d)
{
	const char *all = tw_buf_text(&t->bytes), *key = t->key != NULL ? t->key : "";
	const char *last = strrchr(key, '/');
	size_t skip = 0, n;

	last = last != NULL ? last + 1 : key;
	*d = (struct named){ last, strlen(last), key, (size_t)(last - key), 0 };
	d->scope_n -= d->scope_n > 0;
	for (int i = 0; i < ASSIGNMENTS_MAX && (n = tw_dsn_assignment(all + skip)) > 0; i++) {
		const char *at = all + skip;
		size_t len;

		at += strncmp(at, "export ", 7) == 0 ? 7 : 0;
		len = strcspn(at, " \t=");
		skip += n;
		if (len == d->n && memcmp(at, d->name, len) == 0) {
			d->value = skip;
		} else if (exact(environment, at, len) >= 0) {
			/* the elements of a list are variables of one environment */
			*d = (struct named){ at, len, key, counted(key, strlen(key)), skip };
			break;
		}
	}
	return d->n > 0;
}

/* server_is tells whether a text starts or is PostgreSQL itself. */
static bool
server_is(const char *path, const struct tw_text *t)
{
	static const char *const programs[] = { "postgres", "postmaster", "pg_ctl", "pg_ctlcluster",
		                                "initdb" };
	const char *all = tw_buf_text(&t->bytes);

	if (t->key != NULL)
		return strlen(t->key) >= 6 && strcmp(t->key + strlen(t->key) - 6, "/image") == 0 &&
		       strstr(all, "postgres") != NULL;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(base(all), programs[i]) == 0)
			return true;
	}
	return strncmp(base(path), "Dockerfile", 10) == 0 &&
	       strncmp(base(all), "postgres:", 9) == 0;
}

/* setting_add keeps a value, of which the group's name is made of a letter, a scope, a prefix. */
static bool
setting_add(struct tw_settings *s, int key, char letter, const struct named *d, size_t prefix,
            const struct tw_text *t, struct tw_err *e)
{
	size_t n = t->bytes.len - d->value, cap = s->cap > 0 ? 2 * s->cap : 16;
	struct tw_buf group = TW_BUF_INIT;
	struct tw_setting *item;

	if (s->n == s->cap) {
		item = reallocarray(s->item, cap, sizeof(*item));
		if (item == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		s->item = item;
		s->cap = cap;
	}
	if (!tw_buf_add(&group, &letter, 1, e) || !tw_buf_add(&group, d->scope, d->scope_n, e) ||
	    !tw_buf_puts(&group, "\001", e) || !tw_buf_add(&group, d->name, prefix, e)) {
		tw_buf_free(&group);
		return false;
	}
	item = &s->item[s->n++];
	*item = (struct tw_setting){
		.key = key, .at = t->at, .last_line = t->last_line, .claim = t->claim
	};
	item->group = group.data; /* its owner now: tw_buf allocates as malloc does */
	item->begin = t->raw[d->value].begin;
	item->end = t->raw[t->bytes.len - 1].end;
	item->raw = reallocarray(NULL, n, sizeof(*item->raw));
	if (item->raw == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	memcpy(item->raw, t->raw + d->value, n * sizeof(*item->raw));
	item->pointer = t->pointer != NULL ? strdup(t->pointer) : NULL;
	if (t->pointer != NULL && item->pointer == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	return tw_buf_add(&item->value, t->bytes.data + d->value, n, e);
}

bool
tw_settings_note(struct tw_settings *s, const char *path, const struct tw_text *t, struct tw_err *e)
{
	static const char service[] = "pg_service.conf";
	const char *file = base(path);
	struct named d;
	size_t prefix = 0;
	int key;

	if (t->bytes.len == 0 || t->bytes.len > VALUE_MAX ||
	    memchr(t->bytes.data, '\0', t->bytes.len) != NULL)
		return true;
	if (server_is(path, t)) {
		name_find(t, &d);
		d.value = 0;
		return setting_add(s, TW_SETTING_SERVER, 'E', &d, 0, t, e);
	}
	if (!name_find(t, &d) || d.value == t->bytes.len)
		return true;
	key = exact(environment, d.name, d.n);
	if (key >= 0) /* several words are a command's line, not a value */
		return strpbrk(t->bytes.data + d.value, " \t\r\n") != NULL ||
		       setting_add(s, key, 'E', &d, 0, t, e);
	if (strncmp(file + (*file == '.'), service, strlen(service)) == 0) {
		key = libpq_key(d.name, d.n);
		return key < 0 || setting_add(s, key, 'F', &d, 0, t, e);
	}
	key = t->key != NULL ? sibling(d.name, d.n, &prefix) : -1;
	if (t->claim == TW_CLAIM_VARIABLE && prefix == 0) /* any program has a "port" */
		return true;
	return key < 0 || setting_add(s, key, 'S', &d, prefix, t, e);
}

void
tw_settings_free(struct tw_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		tw_buf_free(&s->item[i].value);
		free(s->item[i].group);
		free(s->item[i].pointer);
		free(s->item[i].raw);
	}
	free(s->item);
	*s = (struct tw_settings){ 0, 0, NULL };
}
