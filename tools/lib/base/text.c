/* SPDX-License-Identifier: ISC */
/* text.c: which grammar a file has, and the decoded text that the grammars fill. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* A container by the name of a file: its ending, or the whole, or its start up to a dot. */
struct kind {
	const char *name;
	tw_text_scanner *scan;
};

static const struct kind endings[] = {
	{ ".json", tw_text_json },    { ".c", tw_text_c },
	{ ".h", tw_text_c },          { ".cc", tw_text_c },
	{ ".cpp", tw_text_c },        { ".hpp", tw_text_c },
	{ ".py", tw_text_python },    { ".go", tw_text_go },
	{ ".js", tw_text_js },        { ".mjs", tw_text_js },
	{ ".cjs", tw_text_js },       { ".ts", tw_text_js },
	{ ".java", tw_text_java },    { ".kt", tw_text_java },
	{ ".toml", tw_text_toml },    { ".yaml", tw_text_yaml },
	{ ".yml", tw_text_yaml },     { ".ini", tw_text_ini },
	{ ".cfg", tw_text_ini },      { ".conf", tw_text_ini },
	{ ".env", tw_text_env },      { ".properties", tw_text_properties },
	{ ".sh", tw_text_shell },     { ".bash", tw_text_shell },
	{ ".service", tw_text_unit },
};

static const struct kind names[] = {
	{ ".env", tw_text_env },
	{ ".envrc", tw_text_shell },
	{ "Dockerfile", tw_text_dockerfile },
	{ ".pgpass", tw_text_none },
	{ "pgpass", tw_text_none }, /* pgpass.conf is its name on Windows */
	{ ".pg_service", tw_text_ini },
};

/* kind_of is the row of a file's name, or NULL. */
static const struct kind *
kind_of(const char *path)
{
	const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i].name);

		if (strncmp(name, names[i].name, len) == 0 &&
		    (name[len] == '\0' || name[len] == '.'))
			return &names[i];
	}
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t len = strlen(endings[i].name);

		if (n > len && strcmp(name + n - len, endings[i].name) == 0)
			return &endings[i];
	}
	return NULL;
}

const char *
tw_text_kinds(void)
{
	return ".json .c .h .cc .cpp .hpp .py .go .js .mjs .cjs .ts .java .kt .toml .yaml .yml "
	       ".ini .cfg .conf .env .properties .sh .bash .service .envrc Dockerfile "
	       ".pgpass .pg_service.conf";
}

bool
tw_text_known(const char *path)
{
	return kind_of(path) != NULL;
}

bool
tw_text_compiled(const char *path)
{
	static const char *const compiled[] = { ".c",  ".h",  ".cc",   ".cpp", ".hpp",
		                                ".go", ".ts", ".java", ".kt" };
	const char *ending = strrchr(path, '.');

	for (size_t i = 0; ending != NULL && i < sizeof(compiled) / sizeof(*compiled); i++) {
		if (strcmp(ending, compiled[i]) == 0)
			return true;
	}
	return false;
}

bool
tw_text_pointers(const char *path)
{
	const struct kind *k = kind_of(path);

	return k != NULL && k->scan == tw_text_json;
}

tw_text_scanner *
tw_text_scanner_of(const char *path)
{
	const struct kind *k = kind_of(path);

	return k != NULL ? k->scan : NULL;
}

/* tw_text_none is the tokenizer of files whose lines are no strings: .pgpass. */
bool
tw_text_none(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	(void)src;
	(void)visit;
	(void)arg;
	(void)e;
	return true;
}

bool
tw_text_scan(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	const struct kind *k = kind_of(src->path);

	if (k == NULL && !src->plain) {
		tw_fail(e, EX_DATAERR, "'%s' is not a kind of file that is read for DSNs",
		        src->path);
		return tw_hint(e, "the kinds are %s; --plain reads any other line by line.",
		               tw_text_kinds());
	}
	if (src->n > 0 && memchr(src->bytes, '\0', src->n) != NULL)
		return tw_fail(e, EX_DATAERR, "'%s' contains a NUL byte", src->path);
	return (k != NULL ? k->scan : tw_text_plain)(src, visit, arg, e);
}

void
tw_text_start(struct tw_text *t, struct tw_place at)
{
	if (t->bytes.data != NULL)
		explicit_bzero(t->bytes.data, t->bytes.len);
	t->bytes.len = 0;
	t->at = at;
	t->key = NULL;
	t->claim = TW_CLAIM_NONE;
	t->last_line = at.line;
	t->joined = false;
	t->bare = false;
	t->broken = false;
}

/* raw_reserve makes room for one more entry of the map. */
static bool
raw_reserve(struct tw_text *t, struct tw_err *e)
{
	size_t cap = t->cap > 0 ? 2 * t->cap : 256;
	struct tw_raw *grown;

	if (t->bytes.len < t->cap)
		return true;
	grown = realloc(t->raw, cap * sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	t->raw = grown;
	t->cap = cap;
	return true;
}

bool
tw_text_add(struct tw_text *t, unsigned byte, size_t begin, size_t end, struct tw_err *e)
{
	struct tw_buf *b = &t->bytes;

	t->broken = t->broken || b->len >= TW_TEXT_MAX;
	if (t->broken)
		return true;
	if (!raw_reserve(t, e) || (b->len + 1 >= b->cap && !tw_buf_reserve(b, 1, e)))
		return false;
	/* not tw_buf_add: this is done for nearly every byte of a file */
	t->raw[b->len] = (struct tw_raw){ (uint32_t)begin, (uint32_t)end };
	b->data[b->len++] = (char)byte;
	b->data[b->len] = '\0';
	return true;
}

bool
tw_text_add_utf8(struct tw_text *t, uint32_t code, size_t begin, size_t end, struct tw_err *e)
{
	if (code < 0x80)
		return tw_text_add(t, code, begin, end, e);
	if (code < 0x800)
		return tw_text_add(t, 0xc0 | code >> 6, begin, end, e) &&
		       tw_text_add(t, 0x80 | (code & 0x3f), begin, end, e);
	if (code < 0x10000)
		return tw_text_add(t, 0xe0 | code >> 12, begin, end, e) &&
		       tw_text_add(t, 0x80 | (code >> 6 & 0x3f), begin, end, e) &&
		       tw_text_add(t, 0x80 | (code & 0x3f), begin, end, e);
	return tw_text_add(t, 0xf0 | code >> 18, begin, end, e) &&
	       tw_text_add(t, 0x80 | (code >> 12 & 0x3f), begin, end, e) &&
	       tw_text_add(t, 0x80 | (code >> 6 & 0x3f), begin, end, e) &&
	       tw_text_add(t, 0x80 | (code & 0x3f), begin, end, e);
}

void
tw_text_free(struct tw_text *t)
{
	tw_buf_free(&t->bytes);
	free(t->raw);
	t->raw = NULL;
	t->cap = 0;
}
