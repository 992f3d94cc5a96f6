/* SPDX-License-Identifier: ISC */
/*
 * text_names.h: which values of a program's source have a name, for text_code.c: keyword arguments
 * (connect(port=5432)), members ({ port: 5432 }, Config{Port: 5432}), assignments
 * (os.environ["PGPORT"] = "5432") and calls that take a name (Setenv("PGPORT", "5432")).
 */
#pragma once

#include "base/text.h"

/* Brackets deeper than this have no names in them. */
#define TW_NAMES_DEPTH 64

/* How a language writes them. */
struct tw_names_style {
	const char *const *drivers; /* words of a file that uses PostgreSQL, up to NULL */
	bool arguments;             /* '=' between parentheses names an argument */
	bool shorthand;             /* { port } is { port: port }, and ...x adds members */
	bool setters;               /* setPort(5432) sets one, and ':' does not */
};

/* A token: 'w' for a word or a number, 's' for a string with its quotes, else the sign itself. */
struct tw_names_token {
	char type;
	struct tw_place at;
	size_t end;
};

/* An open bracket, and what is known of the values in it. */
struct tw_names_frame {
	char open;
	size_t path; /* how long the path was before */
	size_t root; /* where in the path the names begin that count here: a block has its own */
	enum tw_claim claim;
	struct tw_names_token port; /* a name that ends with "port" was here; type 0: none */
};

struct tw_names {
	const struct tw_source *src;
	const struct tw_names_style *style;
	bool driver;                   /* the file has a word of `drivers` */
	bool others;                   /* and one of another server's */
	struct tw_names_token last[4]; /* the newest first */
	size_t depth;
	struct tw_names_frame frame[TW_NAMES_DEPTH];
	struct tw_buf path; /* of the brackets that are open: "/@12/DATABASES" */
	/* The value that comes next, or that has just come: */
	bool wanted;
	bool alone; /* it must end with its parenthesis */
	struct tw_buf key;
	enum tw_claim claim;
};

/* tw_names_start begins a file. */
void tw_names_start(struct tw_names *n, const struct tw_source *src,
                    const struct tw_names_style *style);

/*
 * tw_names_token takes the next token into account: afterwards `wanted` tells whether the one that
 * follows begins a value with a name, which is `key`. *given is a word that is a value without
 * having been wanted, as of { port }, or of type 0: its name is `key`.
 */
bool tw_names_token(struct tw_names *n, const struct tw_names_token *t,
                    struct tw_names_token *given, struct tw_err *e);

/* tw_names_free releases what a scan held. */
void tw_names_free(struct tw_names *n);
