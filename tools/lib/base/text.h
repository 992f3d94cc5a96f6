/* SPDX-License-Identifier: ISC */
/*
 * text.h: the string values of a file, whatever the file's grammar. One container is one function
 * that visits each value with its decoded text and, for each decoded byte, where it stands in the
 * file. What a text means, and whether it is a DSN, is not known here.
 */
#pragma once

#include <stdint.h>
#include "buf.h"

/* A longer string is not visited; nor is one below a longer JSON pointer (both in bytes). */
#define TW_TEXT_MAX ((size_t)65536)
#define TW_POINTER_MAX ((size_t)4096)

/* A file in memory; `path` is only for messages. No NUL may be in it, nor 4 GiB of bytes. */
struct tw_source {
	const char *path;
	const char *bytes;
	size_t n;
	bool plain; /* a file of no known name is read as plain text */
};

/* Where in the file a decoded byte stands: one byte, or the escape that it shares with others. */
struct tw_raw {
	uint32_t begin, end;
};

/* Where something begins: bytes from the start of the file; line and column count from 1. */
struct tw_place {
	size_t offset, line, column;
};

/* How far the code around a value with a name goes along with what that name says. */
enum tw_claim {
	TW_CLAIM_NONE,     /* the names say all that there is to say */
	TW_CLAIM_DRIVER,   /* it is an argument of a PostgreSQL driver */
	TW_CLAIM_CLIENT,   /* of what is named as in one, such as Client, in a file that uses it */
	TW_CLAIM_DOUBT,    /* a default or a member: other code may put another in its place */
	TW_CLAIM_VARIABLE, /* a variable with that name, for whatever purpose */
};

/* One string value. `bytes` and `raw` belong to the scan and are valid during the visit. */
struct tw_text {
	struct tw_buf bytes;
	struct tw_raw *raw; /* one for each byte */
	size_t cap;
	struct tw_place at;  /* its opening quote, or that of its first piece */
	size_t last_line;    /* the line of its last piece */
	const char *pointer; /* JSON pointer; NULL where the grammar has none */
	const char *key;     /* of a setting: "/section/key"; NULL where it has none */
	enum tw_claim claim; /* of a value that has a key */
	bool bare;           /* not in quotes: a single "port=5432" is the file's own setting */
	bool joined;         /* a macro or an expression adds text that is not known here */
	bool broken;         /* too long, or an escape that is not understood: not visited */
};

/* A visit that returns false ends the scan, which then returns false with the visit's error. */
typedef bool tw_text_visit(const struct tw_text *text, void *arg, struct tw_err *e);

/* tw_text_compiled tells by its name whether a file is a source that something is built from. */
bool tw_text_compiled(const char *path);

/* tw_text_kinds is the list of the names of files that tw_text_scan reads, for messages. */
const char *tw_text_kinds(void);

/* tw_text_known tells by its name whether a file is of a grammar that tw_text_scan reads. */
bool tw_text_known(const char *path);

/* tw_text_pointers tells by its name whether a file's values have JSON pointers. */
bool tw_text_pointers(const char *path);

/*
 * tw_text_scan visits every string value of a file, in order; numbers too where they have keys.
 * EX_DATAERR with the place: an unknown kind of file, a NUL byte, malformed JSON. What is malformed
 * elsewhere is skipped over.
 */
bool tw_text_scan(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e);

/* The containers behind tw_text_scan. JSON may be nested 512 deep. */
bool tw_text_json(const struct tw_source *src, tw_text_visit *visit, void *arg, struct tw_err *e);
typedef bool tw_text_scanner(const struct tw_source *src, tw_text_visit *visit, void *arg,
                             struct tw_err *e);
tw_text_scanner tw_text_c, tw_text_c_names, tw_text_python, tw_text_go, tw_text_js, tw_text_java,
    tw_text_toml, tw_text_yaml, tw_text_ini, tw_text_env, tw_text_properties, tw_text_shell,
    tw_text_dockerfile, tw_text_unit, tw_text_plain, tw_text_none;

/* tw_text_scanner_of is the one of them that a file has by its name, or NULL. */
tw_text_scanner *tw_text_scanner_of(const char *path);

/*
 * tw_text_json_at finds the string that a JSON pointer means, the last one where keys come twice;
 * *at is its place. EX_DATAERR where there is none or it is not a string.
 */
bool tw_text_json_at(const struct tw_source *src, const char *pointer, struct tw_place *at,
                     struct tw_err *e);

/* For the containers: start a new text, add a decoded byte or character, free what it holds. */
void tw_text_start(struct tw_text *t, struct tw_place at);
bool tw_text_add(struct tw_text *t, unsigned byte, size_t begin, size_t end, struct tw_err *e);
bool tw_text_add_utf8(struct tw_text *t, uint32_t code, size_t begin, size_t end, struct tw_err *e);
void tw_text_free(struct tw_text *t);
