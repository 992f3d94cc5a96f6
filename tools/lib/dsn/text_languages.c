/* SPDX-License-Identifier: ISC */
/* text_languages.c: the languages that text_code.c reads, and the words of their drivers. */
#include "text_code.h"

static const char *const python_drivers[] = { "psycopg", "asyncpg", "aiopg", "pg8000", NULL };
static const struct tw_names_style python_names = { python_drivers, true, false, false };
static const struct tw_language python = {
	.comment = "#",
	.block = false,
	.adjacent = true,
	.regex = false,
	.quote = {
		{ "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
		{ "'''", "'''", TW_ESCAPE_C, true },
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "'", "'", TW_ESCAPE_C, false },
	},
	.names = &python_names,
};

bool
tw_text_python(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&python, src, visit, arg, e);
}

static const char *const go_drivers[] = { "jackc/pg", "lib/pq", "go-pg/", NULL };
static const struct tw_names_style go_names = { go_drivers, false, false, false };
static const struct tw_language go = {
	.comment = "//",
	.block = true,
	.adjacent = false,
	.regex = false,
	.quote = {
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "`", "`", TW_ESCAPE_NONE, true },
		{ "'", "'", TW_ESCAPE_C, false },
	},
	.names = &go_names,
};

bool
tw_text_go(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&go, src, visit, arg, e);
}

static const char *const js_drivers[] = { "'pg'", "\"pg\"", "pg-promise", NULL };
static const struct tw_names_style js_names = { js_drivers, false, true, false };
static const struct tw_language js = {
	.comment = "//",
	.block = true,
	.adjacent = false,
	.regex = true,
	.quote = {
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "'", "'", TW_ESCAPE_C, false },
		{ "`", "`", TW_ESCAPE_C, true },
	},
	.names = &js_names,
};

bool
tw_text_js(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&js, src, visit, arg, e);
}

static const char *const java_drivers[] = { "org.postgresql", "vertx.pgclient", NULL };
static const struct tw_names_style java_names = { java_drivers, true, false, true };
static const struct tw_language java = {
	.comment = "//",
	.block = true,
	.adjacent = false,
	.regex = false,
	.quote = {
		{ "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "'", "'", TW_ESCAPE_C, false },
	},
	.names = &java_names,
};

bool
tw_text_java(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&java, src, visit, arg, e);
}

static const struct tw_language toml = {
	.comment = "#",
	.block = false,
	.adjacent = false,
	.regex = false,
	.quote = {
		{ "\"\"\"", "\"\"\"", TW_ESCAPE_C, true },
		{ "'''", "'''", TW_ESCAPE_NONE, true },
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "'", "'", TW_ESCAPE_NONE, false },
	},
	.names = NULL,
};

bool
tw_text_toml(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&toml, src, visit, arg, e);
}

/* Of C only names and their values: text_c.c reads its literals. */
static const char *const c_drivers[] = { NULL };
static const struct tw_names_style c_names = { c_drivers, false, false, false };
static const struct tw_language c = {
	.comment = "//",
	.block = true,
	.adjacent = false,
	.regex = false,
	.quote = {
		{ "\"", "\"", TW_ESCAPE_C, false },
		{ "'", "'", TW_ESCAPE_C, false },
	},
	.names = &c_names,
};

bool
tw_text_c_names(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e)
{
	return tw_text_code(&c, src, visit, arg, e);
}
