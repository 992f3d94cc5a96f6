/* SPDX-License-Identifier: ISC */
/*
 * text_names.c: which values of a program's source have a name. What an expression is worth, and
 * in which order a program does things, is not known here: what other code may replace is in doubt.
 */
#include "text_names.h"
#include "text_scan.h"

#include <ctype.h>
#include <string.h>

/* Longer names are none of a connection's. */
#define NAME_MAX_BYTES 64

/* A part of the file. */
struct part {
	const char *text;
	size_t n;
};

static const struct part none = { "", 0 };

/* among tells whether a part is one of a list of words. */
static bool
among(struct part p, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strlen(*words) == p.n && memcmp(*words, p.text, p.n) == 0)
			return true;
	}
	return false;
}

/* name_of is the name that a word or a string is; of no length where it could be none. */
static struct part
name_of(const struct tw_names *n, const struct tw_names_token *t)
{
	struct part p = { n->src->bytes + t->at.offset, t->end - t->at.offset };

	if (t->type != 's' && t->type != 'w')
		return none;
	if (t->type == 's') {
		while (p.n > 0 && strchr("\"'`", *p.text) == NULL) { /* the prefix of Python's */
			p.text++;
			p.n--;
		}
		if (p.n < 2)
			return none;
		p.text++;
		p.n -= 2;
	}
	for (size_t i = 0; i < p.n; i++) {
		if (!tw_word_byte(p.text[i]) && p.text[i] != '.' && p.text[i] != '-')
			return none;
	}
	return p.n <= NAME_MAX_BYTES ? p : none;
}

/* dotted is the words with dots between them that end at a byte: "os.environ". */
static struct part
dotted(const struct tw_names *n, size_t end)
{
	const char *bytes = n->src->bytes;
	size_t begin = end, first = tw_cursor_start(n->src).at; /* a byte order mark is no word */

	while (begin > first && end - begin < NAME_MAX_BYTES &&
	       (tw_word_byte(bytes[begin - 1]) || bytes[begin - 1] == '.'))
		begin--;
	return (struct part){ bytes + begin, end - begin };
}

/* environment_is tells whether a name is that of a variable of libpq. */
static bool
environment_is(struct part name)
{
	return name.n > 2 && memcmp(name.text, "PG", 2) == 0;
}

/* top is the innermost bracket, or NULL. */
static struct tw_names_frame *
top(struct tw_names *n)
{
	return n->depth > 0 && n->depth <= TW_NAMES_DEPTH ? &n->frame[n->depth - 1] : NULL;
}

/* What a name is the name of: of an object, in the part of the path that counts. */
struct scope {
	size_t begin, end;
	struct part object;
};

/* scope_of is the scope of an object at this place; libpq's variables are the same everywhere. */
static struct scope
scope_of(struct tw_names *n, struct part object, struct part name)
{
	const struct tw_names_frame *f = top(n);
	size_t root = f != NULL ? f->root : 0;

	return (struct scope){ root, environment_is(name) ? root : n->path.len, object };
}

/* key_make makes the key of a name. */
static bool
key_make(struct tw_names *n, const struct scope *s, struct part name, struct tw_err *e)
{
	n->key.len = 0;
	return tw_buf_add(&n->key, tw_buf_text(&n->path) + s->begin, s->end - s->begin, e) &&
	       (s->object.n == 0 || (tw_buf_puts(&n->key, "/", e) &&
	                             tw_buf_add(&n->key, s->object.text, s->object.n, e))) &&
	       tw_buf_puts(&n->key, "/", e) && tw_buf_add(&n->key, name.text, name.n, e);
}

/* want has the next token begin the value of a name. */
static bool
want(struct tw_names *n, const struct scope *s, struct part name, enum tw_claim claim,
     struct tw_err *e)
{
	n->wanted = name.n > 0;
	n->claim = claim;
	return name.n == 0 || key_make(n, s, name, e);
}

/* inside is the scope of the innermost bracket. */
static struct scope
inside(struct tw_names *n)
{
	return scope_of(n, none, none);
}

/* claim_of tells what a call, or a literal of a type, says of the values in it. */
static enum tw_claim
claim_of(const struct tw_names *n, struct part callee)
{
	static const char *const drivers[] = { "psycopg", "asyncpg", "aiopg",      "pg8000",
		                               "pgx.",    "pgconn.", "DataSource", NULL };
	static const char *const generic[] = { "connect", "create_pool", "ConnectionPool",
		                               "Client",  "Pool",        NULL };
	static const char *const definitions[] = { "def", "function", "func", "fun", "fn", NULL };

	if (among(name_of(n, &n->last[1]), definitions))
		return TW_CLAIM_DOUBT; /* the default of a parameter */
	for (size_t i = 0; n->driver && drivers[i] != NULL; i++) {
		if (memmem(callee.text, callee.n, drivers[i], strlen(drivers[i])) != NULL)
			return TW_CLAIM_DRIVER;
	}
	if (n->driver && callee.n > 3 && memcmp(callee.text, "pg.", 3) == 0)
		return TW_CLAIM_DRIVER;
	if (!n->driver || !among(callee, generic))
		return TW_CLAIM_NONE;
	/* what the drivers of other servers are called by too */
	return n->others ? TW_CLAIM_DOUBT : TW_CLAIM_CLIENT;
}

/*
 * bracket_open begins a bracket: the value of a name, where `named`, the arguments of a call, or a
 * block.
 */
static bool
bracket_open(struct tw_names *n, const struct tw_names_token *t, bool named, struct tw_err *e)
{
	const struct tw_names_frame *outer = top(n);
	struct tw_names_frame f = { .open = t->type, .path = n->path.len };
	const char *slash = named ? strrchr(tw_buf_text(&n->key), '/') : NULL;
	struct part name = none;

	if (n->depth++ >= TW_NAMES_DEPTH)
		return true;
	f.root = outer != NULL ? outer->root : 0;
	if (slash != NULL) {
		name = (struct part){ slash + 1, strlen(slash + 1) };
	} else if (n->last[0].type == 'w' && t->type != '[') {
		name = dotted(n, n->last[0].end);
		f.claim = claim_of(n, name);
	} else if (outer != NULL && outer->open == '(' && strchr("(,", n->last[0].type) != NULL) {
		f.claim = outer->claim;
	} else if (t->type == '{') {
		f.root = n->path.len;
	}
	n->frame[n->depth - 1] = f;
	return tw_buf_printf(&n->path, e, "/@%zu", t->at.offset) &&
	       (name.n == 0 ||
	        (tw_buf_puts(&n->path, "/", e) && tw_buf_add(&n->path, name.text, name.n, e)));
}

/* setter has the argument of "ds.setPortNumber(" be the value of PortNumber. */
static bool
setter(struct tw_names *n, struct tw_err *e)
{
	static const char *const own[] = { "ServerName", "PortNumber", "DatabaseName", NULL };
	struct part word = name_of(n, &n->last[0]);
	struct scope s = inside(n);

	if (!n->style->setters || word.n < 7 || memcmp(word.text, "set", 3) != 0)
		return true;
	word = (struct part){ word.text + 3, word.n - 3 };
	if (n->last[1].type == '.')
		s.object = dotted(n, n->last[1].at.offset);
	n->alone = true;
	return want(n, &s, word, n->driver && among(word, own) ? TW_CLAIM_DRIVER : TW_CLAIM_DOUBT,
	            e);
}

/* bracket_close ends one. */
static void
bracket_close(struct tw_names *n)
{
	const struct tw_names_frame *f = top(n);

	if (f != NULL)
		n->path.len = f->path;
	if (f != NULL && n->path.data != NULL)
		n->path.data[n->path.len] = '\0';
	n->depth -= n->depth > 0;
}

/* begins tells whether the token before a name shows that the name begins a part of a bracket. */
static bool
begins(const struct tw_names *n)
{
	return strchr("({,", n->last[1].type) != NULL && n->last[1].type != '\0';
}

/* member has a value follow "port:" between braces. */
static bool
member(struct tw_names *n, struct tw_err *e)
{
	struct tw_names_frame *f = top(n);
	struct part name = name_of(n, &n->last[0]);
	struct scope s = inside(n);

	/* in Python a word there is a variable */
	if (f == NULL || f->open != '{' || !begins(n) ||
	    (n->style->arguments && n->last[0].type == 'w'))
		return true;
	if (name.n >= 4 && strncasecmp(name.text + name.n - 4, "port", 4) == 0)
		f->port = n->last[0];
	return want(n, &s, name, f->claim, e);
}

/* assignment has a value follow "port=", "cfg.port =" or "environ["PGPORT"] =". */
static bool
assignment(struct tw_names *n, struct tw_err *e)
{
	const struct tw_names_frame *f = top(n);
	struct part name = name_of(n, &n->last[0]), object = none;
	struct scope s = inside(n);

	if (n->style->arguments && f != NULL && f->open == '(')
		return n->last[0].type != 'w' || !begins(n) || want(n, &s, name, f->claim, e);
	if (n->last[0].type == ']' && n->last[1].type == 's' && n->last[2].type == '[') {
		name = name_of(n, &n->last[1]);
		object = dotted(n, n->last[2].at.offset);
	} else if (n->last[0].type == 'w' && n->last[1].type == '.') {
		object = dotted(n, n->last[1].at.offset);
	} else if (n->last[0].type != 'w') {
		return true;
	}
	s = scope_of(n, object, name);
	return want(n, &s, name,
	            object.n == 0          ? TW_CLAIM_VARIABLE
	            : environment_is(name) ? TW_CLAIM_NONE
	                                   : TW_CLAIM_DOUBT,
	            e);
}

/* named_call has a value follow "setenv("PGPORT"," and its like. */
static bool
named_call(struct tw_names *n, struct tw_err *e)
{
	static const char *const sets[] = {
		"setenv", "Setenv", "putenv", "put", "setProperty", NULL
	};
	struct part name = name_of(n, &n->last[0]), callee = name_of(n, &n->last[2]), object;
	bool set = among(callee, sets);
	struct scope s;

	/* a variable of the environment; tw_dsn_may_names looks for those of capitals */
	if (n->last[0].type != 's' || n->last[1].type != '(' || n->last[2].type != 'w' ||
	    callee.n == 0 || name.n == 0 || !isupper((unsigned char)name.text[name.n - 1]))
		return true;
	object = dotted(n, n->last[2].end);
	if (set) /* of "os.Setenv" it is "os" */
		object.n -= callee.n < object.n ? callee.n + 1 : callee.n;
	s = scope_of(n, object, name);
	if (!environment_is(name)) /* the call's own bracket is not a part of it */
		s.end = top(n) != NULL && top(n)->path > s.begin ? top(n)->path : s.begin;
	return want(n, &s, name, set && environment_is(name) ? TW_CLAIM_NONE : TW_CLAIM_DOUBT, e);
}

/* shorthand gives the word of "{ port }", and a port that "...cfg" may replace. */
static bool
shorthand(struct tw_names *n, const struct tw_names_token *t, struct tw_names_token *given,
          struct tw_err *e)
{
	struct tw_names_frame *f = top(n);
	char spread = n->style->shorthand ? '.' : '*';
	struct tw_names_token word = { .type = '\0' };
	struct scope s = inside(n);

	if (f == NULL || f->open != '{')
		return true;
	if (strchr(",}", t->type) != NULL && n->style->shorthand && n->last[0].type == 'w' &&
	    begins(n))
		word = n->last[0];
	else if (t->type == spread && n->last[0].type == spread &&
	         strchr(",.", n->last[1].type) != NULL)
		word = f->port;
	if (word.at.offset == f->port.at.offset)
		f->port.type = '\0'; /* once */
	if (word.type == '\0' || name_of(n, &word).n == 0)
		return true;
	*given = word;
	n->claim = TW_CLAIM_NONE; /* nothing is written here that could be moved */
	return key_make(n, &s, name_of(n, &word), e);
}

/* sign deals with a token that is neither word nor string. */
static bool
sign(struct tw_names *n, const struct tw_names_token *t, struct tw_names_token *given,
     struct tw_err *e)
{
	char next = t->end < n->src->n ? n->src->bytes[t->end] : '\0';
	bool named = n->wanted;
	char before = t->at.offset > 0 ? n->src->bytes[t->at.offset - 1] : '\0';

	switch (t->type) {
	case '(':
	case '[':
	case '{':
		n->wanted = false;
		return (named || t->type != '(' || setter(n, e)) && bracket_open(n, t, named, e);
	case ')':
	case ']':
	case '}':
		if (!shorthand(n, t, given, e))
			return false;
		bracket_close(n);
		return true;
	case ',':
		return shorthand(n, t, given, e) && named_call(n, e);
	case '.':
	case '*':
		return shorthand(n, t, given, e);
	case ':':
		return n->style->setters || member(n, e);
	case '=':
		/* not of == => <= != += and so on */
		if (next == '=' || next == '>' || strchr("=!<>+-*/%&|^~", before) != NULL)
			return true;
		return assignment(n, e);
	default:
		return true;
	}
}

/* apart tells whether more than blanks stand between a token and the one before: a comment. */
static bool
apart(const struct tw_names *n, const struct tw_names_token *t)
{
	for (size_t i = n->last[0].end; i < t->at.offset; i++) {
		if (strchr(" \t\n\v\f\r", n->src->bytes[i]) == NULL)
			return true;
	}
	return false;
}

/* push makes a token the newest. */
static void
push(struct tw_names *n, const struct tw_names_token *t)
{
	memmove(&n->last[1], &n->last[0], 3 * sizeof(n->last[0]));
	n->last[0] = *t;
}

bool
tw_names_token(struct tw_names *n, const struct tw_names_token *t, struct tw_names_token *given,
               struct tw_err *e)
{
	bool part = t->type == ':' && t->end < n->src->n && n->src->bytes[t->end] == '=';
	bool deep = n->depth > TW_NAMES_DEPTH, ok = true;

	given->type = '\0';
	n->alone = false;
	/* a name stands right before its sign: tw_dsn_may_names looks for it there */
	if (t->type != 'w' && t->type != 's' && apart(n, t))
		push(n, &(struct tw_names_token){ '/', t->at, t->at.offset });
	if (t->type == 'w' || t->type == 's')
		n->wanted = false;
	else if (strchr("([{", t->type) == NULL)
		n->wanted = false;
	if (part) { /* the ':' of := is none of its own */
		n->last[0].end = t->end;
		return true;
	}
	if (t->type != 'w' && t->type != 's' && (!deep || strchr("()[]{}", t->type) != NULL))
		ok = sign(n, t, given, e);
	n->wanted = n->wanted && n->depth <= TW_NAMES_DEPTH;
	push(n, t);
	return ok;
}

/* one_in tells whether a file has one of a list of words. */
static bool
one_in(const struct tw_source *src, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (memmem(src->bytes, src->n, *words, strlen(*words)) != NULL)
			return true;
	}
	return false;
}

void
tw_names_start(struct tw_names *n, const struct tw_source *src, const struct tw_names_style *style)
{
	static const char *const others[] = { "mysql",     "mariadb",    "redis",    "mongo",
		                              "cassandra", "clickhouse", "oracledb", "mssql",
		                              "tedious",   "pymssql",    NULL };

	*n = (struct tw_names){ .src = src, .style = style };
	n->driver = one_in(src, style->drivers);
	n->others = n->driver && one_in(src, others);
}

void
tw_names_free(struct tw_names *n)
{
	tw_buf_free(&n->path);
	tw_buf_free(&n->key);
}
