/* SPDX-License-Identifier: ISC */
/* text_scan.h: what the tokenizers of text.h share: a cursor, quoted strings, escapes. */
#pragma once

#include "base/text.h"

/* A place in a file, and the line that it is on. */
struct tw_cursor {
	const struct tw_source *src;
	size_t at, line, line_at; /* line_at: the offset of the line's first byte */
};

/* What a tokenizer hands its texts to, and where errors go. */
struct tw_sink {
	tw_text_visit *visit;
	void *arg;
	struct tw_err *e;
};

/* How a string writes what it cannot hold as it is. */
enum tw_escape {
	TW_ESCAPE_NONE,
	TW_ESCAPE_C,       /* backslash sequences; one that is not understood breaks the text */
	TW_ESCAPE_SHELL,   /* a backslash before $ ` " \ or a newline */
	TW_ESCAPE_DOUBLED, /* the closing quote twice */
};

/* A kind of string: what opens and closes it. One without `lines` ends, broken, with its line. */
struct tw_quote {
	const char *open, *close;
	enum tw_escape escape;
	bool lines;
};

/* tw_cursor_start is the start of a file, after its byte order mark. */
struct tw_cursor tw_cursor_start(const struct tw_source *src);

/* tw_peek is the byte `ahead` of the next one, 0 after the end. */
char tw_peek(const struct tw_cursor *c, size_t ahead);

/* tw_peek_is tells whether a word comes next. */
bool tw_peek_is(const struct tw_cursor *c, const char *word);

/* tw_step goes past n bytes, or to the end. */
void tw_step(struct tw_cursor *c, size_t n);

/* tw_line_skip goes to the newline that ends the line. */
void tw_line_skip(struct tw_cursor *c);

/* tw_place_of is the place of the next byte. */
struct tw_place tw_place_of(const struct tw_cursor *c);

/* tw_word_byte tells whether a byte can stand in an identifier; any byte of UTF-8 can. */
bool tw_word_byte(char c);

/* tw_text_take adds the next byte to a text as it is. */
bool tw_text_take(struct tw_cursor *c, struct tw_text *t, struct tw_err *e);

/* tw_text_nested adds what is between `open` and `close`, both included, as it is. */
bool tw_text_nested(struct tw_cursor *c, char open, char close, struct tw_text *t,
                    struct tw_err *e);

/* tw_text_quoted adds the string that comes next; false only without memory. */
bool tw_text_quoted(struct tw_cursor *c, const struct tw_quote *q, struct tw_text *t,
                    struct tw_err *e);

/* tw_text_trim takes blanks off the end of a text. */
void tw_text_trim(struct tw_text *t);

/* tw_text_hand hands a text over, unless it is empty or broken. */
bool tw_text_hand(struct tw_text *t, const struct tw_sink *sink);
