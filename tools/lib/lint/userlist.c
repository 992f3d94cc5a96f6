/* SPDX-License-Identifier: ISC */
/* userlist.c: quote by quote. A fault ends PgBouncer's reading, and so ours. */
#include "userlist.h"
#include "site/keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SPACES " \t\n\v\f\r"
/* So many findings of one kind; the rest would be the same. */
#define ENOUGH 50

/* Where the parser is. */
struct parser {
	const char *file, *line_start;
	int line, version;
	int plain_line, plain; /* secrets in plain text: the first, and how many */
	size_t told;
	struct tw_findings *findings;
	struct tw_userlist *list;
};

/* One entry as it stands. */
struct entry {
	const char *name, *secret;
	size_t name_len, secret_len;
	struct tw_place at, secret_at;
};

void
tw_userlist_free(struct tw_userlist *list)
{
	free(list->user);
	free(list->slot);
	*list = (struct tw_userlist)TW_USERLIST_INIT;
}

/* slot_find is where a name is, or would be. */
static size_t
slot_find(const struct tw_userlist *list, const char *name, size_t n)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (size_t j = 0; j < n; j++)
		h = (h ^ (unsigned char)name[j]) * 1099511628211u;
	for (i = h & (list->n_slots - 1); list->slot[i] != 0; i = (i + 1) & (list->n_slots - 1)) {
		const struct tw_user *u = &list->user[list->slot[i] - 1];

		if (u->n == n && memcmp(u->name, name, n) == 0)
			break;
	}
	return i;
}

const struct tw_user *
tw_userlist_user(const struct tw_userlist *list, const char *name, size_t n)
{
	size_t at = list->n_slots > 0 ? list->slot[slot_find(list, name, n)] : 0;

	return at != 0 ? &list->user[at - 1] : NULL;
}

/* list_grow makes room for one more user, and a hash at most half full. */
static bool
list_grow(struct tw_userlist *list, struct tw_err *e)
{
	size_t room = list->room > 0 ? list->room * 2 : 32;
	struct tw_user *grown;
	size_t *slot;

	if (list->n < list->room)
		return true;
	grown = realloc(list->user, room * sizeof(*grown));
	if (grown != NULL)
		list->user = grown;
	slot = calloc(room * 2, sizeof(*slot));
	if (grown == NULL || slot == NULL) {
		free(slot);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	free(list->slot);
	list->slot = slot;
	list->room = room;
	list->n_slots = room * 2;
	for (size_t i = 0; i < list->n; i++)
		slot[slot_find(list, grown[i].name, grown[i].n)] = i + 1;
	return true;
}

/* place is where a byte stands; the line is counted so far. */
static struct tw_place
place(const struct parser *p, const char *at)
{
	return (struct tw_place){ p->line, (int)(at - p->line_start) + 1, p->file };
}

/* newlines counts the lines between two places. */
static void
newlines(struct parser *p, const char *from, const char *to)
{
	while ((from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
		p->line++;
		p->line_start = ++from;
	}
}

/* scram_is tells whether the secret has the shape SCRAM-SHA-256$iterations:salt$stored:server. */
static bool
scram_is(const char *s, size_t n)
{
	static const char base64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	static const char head[] = "SCRAM-SHA-256$", ends[] = ":$:";
	size_t at = strlen(head), part;

	if (n < at || memcmp(s, head, at) != 0)
		return false;
	part = strspn(s + at, "0123456789");
	for (size_t i = 0; i < 3; i++) {
		if (part == 0 || s[at + part] != ends[i])
			return false;
		at += part + 1;
		part = strspn(s + at, base64);
	}
	return part > 0 && at + part == n;
}

/* user_add remembers a user; the same name again is a finding. */
static bool
user_add(struct parser *p, const struct entry *x, struct tw_err *e)
{
	struct tw_userlist *list = p->list;
	size_t at;

	if (!list_grow(list, e))
		return false;
	at = slot_find(list, x->name, x->name_len);
	if (list->slot[at] != 0)
		return p->told++ >= ENOUGH ||
		       tw_finding_add(
			   p->findings, x->at, TW_WARNING, "userlist-duplicate", "keep one of them",
			   e, "the user comes twice (first at line %d): the last one counts",
			   list->user[list->slot[at] - 1].line);
	list->user[list->n] = (struct tw_user){ x->name, x->name_len, x->at.line,
		                                scram_is(x->secret, x->secret_len) };
	list->slot[at] = ++list->n;
	return true;
}

/* hex_is tells whether these are n hexadecimal digits in lower case. */
static bool
hex_is(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

/* secret_check judges the kind of a secret: what is neither SCRAM nor MD5 is a password. */
static bool
secret_check(struct parser *p, const struct entry *x, struct tw_err *e)
{
	const char *s = x->secret;
	size_t n = x->secret_len;

	if (n == 0 || (n == 35 && memcmp(s, "md5", 3) == 0 && hex_is(s + 3, 32)))
		return true;
	if (n > 14 && memcmp(s, "SCRAM-SHA-256$", 14) == 0) {
		if (scram_is(s, n))
			return true;
		return p->told++ >= ENOUGH ||
		       tw_finding_add(p->findings, x->secret_at, TW_ERROR, "secret-kind",
		                      "copy the secret again", e,
		                      "this is no SCRAM secret: PgBouncer takes it for a password");
	}
	if (n == 35 && memcmp(s, "md5", 3) == 0)
		return p->told++ >= ENOUGH ||
		       tw_finding_add(p->findings, x->secret_at, TW_ERROR, "secret-kind",
		                      "write its digits in lower case", e,
		                      "this is no MD5 hash: PgBouncer takes it for a password");
	if (p->plain++ == 0)
		p->plain_line = x->at.line;
	return true;
}

/* broken reports the place at which PgBouncer stops. */
static bool
broken(struct parser *p, struct tw_place at, const char *rule, const char *why, struct tw_err *e)
{
	return tw_finding_add(p->findings, at, TW_ERROR, rule,
	                      "write \"name\" \"secret\", and double a quote inside", e,
	                      "%s: PgBouncer starts without every user from here on", why);
}

/* quoted_end is the closing quote of a field, or the NUL. */
static const char *
quoted_end(const char *at)
{
	for (;; at += 2) {
		at += strcspn(at, "\"");
		if (at[0] == '\0' || at[1] != '"')
			return at;
	}
}

/* limits_check: too long a field ends the reading too. *stop then. */
static bool
limits_check(struct parser *p, const struct entry *x, bool *stop, struct tw_err *e)
{
	int v = p->version != 0 ? p->version : TW_PGBOUNCER(1, 26, 1);
	size_t name = v < TW_PGBOUNCER(1, 16, 0) ? 63 : 127;
	size_t secret = v < TW_PGBOUNCER(1, 16, 0)   ? 159
	                : v < TW_PGBOUNCER(1, 17, 0) ? 995
	                : v < TW_PGBOUNCER(1, 26, 0) ? 2047
	                                             : 65530;

	*stop = x->name_len > name || x->secret_len > secret;
	if (x->name_len > name)
		return broken(p, x->at, "name-length", "the name is too long", e);
	if (x->secret_len > secret)
		return broken(p, x->secret_at, "secret-length", "a secret is too long", e);
	return true;
}

/* entry_read reads one entry at the opening quote of its name; *at ends behind its line. */
static bool
entry_read(struct parser *p, const char **at, bool *stop, struct tw_err *e)
{
	struct entry x = { .name = *at + 1, .at = place(p, *at) };
	const char *end = quoted_end(x.name), *rest;
	bool split, lines;

	*stop = true;
	if (*end == '\0')
		return broken(p, x.at, "userlist", "the name has no closing quote", e);
	x.name_len = (size_t)(end - x.name);
	rest = end + 1 + strcspn(end + 1, "\"");
	if (*rest == '\0')
		return broken(p, x.at, "userlist", "the user has no secret", e);
	split = memchr(end, '\n', (size_t)(rest - end)) != NULL;
	newlines(p, x.name, rest);
	x.secret = rest + 1;
	x.secret_at = place(p, rest);
	end = quoted_end(x.secret);
	if (*end == '\0')
		return broken(p, x.secret_at, "userlist", "the secret has no closing quote", e);
	x.secret_len = (size_t)(end - x.secret);
	if (!limits_check(p, &x, stop, e))
		return false;
	if (*stop)
		return true;
	lines = memchr(x.name, '\n', x.name_len) != NULL ||
	        memchr(x.secret, '\n', x.secret_len) != NULL;
	newlines(p, x.secret, end);
	*at = end + 1 + strcspn(end + 1, "\n");
	if (split &&
	    !tw_finding_add(p->findings, x.at, TW_ERROR, "userlist",
	                    "write name and secret on one line", e,
	                    "the user has no secret: PgBouncer takes the next name for it, and "
	                    "that user is lost"))
		return false;
	if (lines && !split &&
	    !tw_finding_add(p->findings, x.at, TW_WARNING, "userlist", "close the quotes", e,
	                    "a line ends inside the quotes"))
		return false;
	if (strspn(end + 1, " \t\r") != (size_t)(*at - end - 1) && p->told++ < ENOUGH &&
	    !tw_finding_add(p->findings, place(p, end + 1), TW_WARNING, "userlist", "remove it", e,
	                    "PgBouncer ignores what stands behind the secret"))
		return false;
	p->list->secrets += x.secret_len > 0;
	return user_add(p, &x, e) && secret_check(p, &x, e);
}

bool
tw_userlist_parse(const struct tw_buf *text, const char *file, int version,
                  struct tw_userlist *list, struct tw_findings *f, struct tw_err *e)
{
	const char *at = tw_buf_text(text), *end = at + strlen(at);
	struct parser p = { .file = file,
		            .line_start = at,
		            .line = 1,
		            .version = version,
		            .findings = f,
		            .list = list };
	bool ok = true, stop = false;

	while (ok && !stop) {
		const char *next = at + strspn(at, SPACES);

		newlines(&p, at, next);
		at = next;
		if (*at == '\0')
			break;
		if (*at == ';') {
			at += strcspn(at, "\n");
		} else if (*at == '"') {
			ok = entry_read(&p, &at, &stop, e);
		} else {
			stop = true;
			ok = broken(&p, place(&p, at), "userlist",
			            *at == '#' ? "a comment begins with ';'"
			                       : "the line does not begin with a quote",
			            e);
		}
	}
	if (ok && (size_t)(end - tw_buf_text(text)) < text->len)
		ok = tw_finding_add(f, (struct tw_place){ p.line, 1, file }, TW_ERROR, "nul",
		                    "remove it", e,
		                    "a NUL byte: PgBouncer ignores everything behind it");
	return ok && (p.plain == 0 || tw_finding_add(f, (struct tw_place){ p.plain_line, 1, file },
	                                             TW_NOTE, "secret-kind", "store SCRAM secrets",
	                                             e, "%d user%s a password in plain text",
	                                             p.plain, p.plain == 1 ? " has" : "s have"));
}
