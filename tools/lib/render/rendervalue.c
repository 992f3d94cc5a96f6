/* SPDX-License-Identifier: ISC */
/*
 * rendervalue.c: what the binary accepts silently and then misreads is refused here: atoi's rest,
 * true and on for 1, a list's element with a comma. Limits were measured on 1.12.0 to 1.26.1.
 */
#include "rendervalue.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* real_text writes a number in the shortest form that reads back as the same. */
static void
real_text(double number, char *out, size_t size)
{
	int precision = 1;

	do
		snprintf(out, size, "%.*g", precision, number);
	while (strtod(out, NULL) != number && precision++ < 17);
	if (strchr(out, 'e') != NULL && number >= 1 && number < 1e15)
		snprintf(out, size, "%.0f", number); /* 3600 has two digits: 3.6e+03 */
}

/* integer_text tells whether a string is a number as C writes it: 0777 is how modes are given. */
static bool
integer_text(const char *s)
{
	size_t n = strspn(s, DIGITS);

	return n > 0 && n < 10 && s[n] == '\0';
}

/* type_fits holds a scalar against the type of its key; *expected says what it should be. */
static bool
type_fits(enum tw_key_type type, enum tw_key_scope scope, const json_t *v, const char **expected)
{
	switch (type) {
	case TW_KEY_BOOL:
		*expected = "true or false";
		return json_is_boolean(v) ||
		       (json_is_integer(v) && (json_integer_value(v) | 1) == 1);
	case TW_KEY_INT:
		*expected = "an integer";
		return json_is_integer(v) ||
		       (json_is_string(v) && integer_text(json_string_value(v)));
	case TW_KEY_SECONDS:
		*expected = scope == TW_KEY_GLOBAL ? "a number of seconds" : "whole seconds";
		return json_is_integer(v) || (json_is_real(v) && scope == TW_KEY_GLOBAL);
	case TW_KEY_LIST:
		*expected = "a string or a list of strings";
		return json_is_string(v) || json_is_integer(v);
	case TW_KEY_TEXT:
	case TW_KEY_ENUM:
		break;
	}
	*expected = "a string";
	return json_is_string(v) || json_is_integer(v);
}

/* list_text joins a list's strings. */
static json_t *
list_text(const json_t *list, const char *place, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	json_t *item, *text = NULL;
	bool ok = json_array_size(list) > 0 || tw_fail(e, EX_CONFIG, "%s: is empty", place);
	size_t i;

	json_array_foreach (list, i, item) {
		const char *s = json_string_value(item);

		if (ok && (s == NULL || *s == '\0' || strpbrk(s, ", ") != NULL))
			ok = tw_fail(e, EX_CONFIG, "%s[%zu]: is empty or contains a comma or blank",
			             place, i);
		ok = ok && tw_buf_puts(&b, i > 0 ? ", " : "", e) && tw_buf_puts(&b, s, e);
	}
	if (ok && (text = json_string(tw_buf_text(&b))) == NULL)
		tw_fail(e, EX_OSERR, "out of memory");
	tw_buf_free(&b);
	return text;
}

json_t *
tw_render_value(const struct tw_key *k, enum tw_key_scope scope, const json_t *v, const char *place,
                struct tw_err *e)
{
	const char *expected, *s = json_string_value(v);
	char text[64];

	if (k->type == TW_KEY_LIST && json_is_array(v))
		return list_text(v, place, e);
	if (!type_fits(k->type, scope, v, &expected)) {
		tw_fail(e, EX_CONFIG, "%s: expected %s, got %s", place, expected, tw_json_type(v));
		return NULL;
	}
	if (json_is_number(v) && json_number_value(v) < 0) {
		tw_fail(e, EX_CONFIG, "%s: is negative", place);
		return NULL;
	}
	if (s != NULL && (*s == '\0' || *s == ' ' || s[strlen(s) - 1] == ' ')) {
		tw_fail(e, EX_CONFIG, "%s: is empty, or begins or ends with a blank", place);
		return NULL;
	}
	if (s != NULL)
		return json_string(s);
	if (json_is_real(v))
		real_text(json_real_value(v), text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%lld",
		         json_is_boolean(v) ? (long long)json_is_true(v) : json_integer_value(v));
	return json_string(text);
}

json_t *
tw_render_key(const char *name, int version, const char *place, struct tw_err *e)
{
	if (name[strspn(name, LETTERS DIGITS "_.-*")] == '\0')
		return json_string(name);
	if (version < TW_PGBOUNCER(1, 25, 0)) {
		tw_fail(e, EX_CONFIG,
		        "%s: before PgBouncer 1.25.0 '%s' cannot be a name in pgbouncer.ini", place,
		        name);
		tw_hint(e,
		        "Letters, digits and _ . - can; a database may have an alias as its name "
		        "and its real name as dbname.");
		return NULL;
	}
	if (strchr(name, '\'') != NULL) {
		tw_fail(e, EX_CONFIG,
		        "%s: \"%s\" contains a quote, which pgbouncer.ini cannot hold", place,
		        name);
		return NULL;
	}
	return json_sprintf("'%s'", name);
}

/* name_check refuses names that PgBouncer or twpool keeps for itself. */
static bool
name_check(const char *name, const char *place, struct tw_err *e)
{
	if (strcmp(name, "pgbouncer") == 0)
		return tw_fail(e, EX_CONFIG, "%s: 'pgbouncer' is PgBouncer's own name", place);
	if (strcmp(name, "twpool-check") == 0)
		return tw_fail(e, EX_CONFIG, "%s: 'twpool-check' is twpool's own name", place);
	if (strcmp(name, "*") == 0)
		return tw_fail(e, EX_CONFIG, "%s: '*' is not supported", place);
	return true;
}

bool
tw_render_database_check(const char *name, const char *place, struct tw_err *e)
{
	if (strlen(name) > 63)
		return tw_fail(e, EX_CONFIG, "%s: longer than 63 bytes", place);
	return name_check(name, place, e);
}

bool
tw_render_user_check(const char *name, int version, const char *place, struct tw_err *e)
{
	size_t limit = version < TW_PGBOUNCER(1, 16, 0) ? 63 : 127, n = strlen(name);

	for (const char *s = name; *s != '\0'; s++)
		n += *s == '"'; /* PgBouncer counts before it reads "" as one */
	if (n > limit)
		return tw_fail(e, EX_CONFIG, "%s: longer than %zu bytes in userlist.txt", place,
		               limit);
	return name_check(name, place, e);
}

bool
tw_render_secret_check(size_t n, int version, const char *place, struct tw_err *e)
{
	static const struct {
		int before;
		size_t limit;
	} limits[] = {
		{ TW_PGBOUNCER(1, 16, 0), 159 },  { TW_PGBOUNCER(1, 17, 0), 995 },
		{ TW_PGBOUNCER(1, 25, 0), 1023 }, /* it reads 2047, and may crash (its #1215) */
		{ TW_PGBOUNCER(1, 26, 1), 2047 }, { TW_PGBOUNCER(100, 0, 0), 65530 },
	};
	size_t i = 0;

	while (version >= limits[i].before)
		i++;
	return n <= limits[i].limit ||
	       tw_fail(e, EX_CONFIG,
	               "%s: its secret is longer than the %zu bytes of this PgBouncer", place,
	               limits[i].limit);
}

bool
tw_render_address_check(const char *text, const char *place, struct tw_err *e)
{
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : 0;
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	long bits = family == AF_INET6 ? 128 : 32;

	if (n > 0 && n < sizeof(address) && integer_text(slash + 1) && strlen(slash + 1) <= 3) {
		memcpy(address, text, n);
		address[n] = '\0';
		if (inet_pton(family, address, bytes) == 1 && strtol(slash + 1, NULL, 10) <= bits)
			return true;
	}
	return tw_fail(e, EX_CONFIG, "%s: expected an address such as 127.0.0.1/32, got \"%s\"",
	               place, text);
}
