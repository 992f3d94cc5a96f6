/* SPDX-License-Identifier: ISC */
/* wire_io.h: bytes out and in, for the files of this room only. */
#pragma once

#include "wire.h"

/* Bytes came; nothing yet; the end, or an error, with its text in `words`. */
enum tw_wire_io { TW_WIRE_SOME, TW_WIRE_NONE, TW_WIRE_END };

/* tw_wire_send appends bytes to what is to be sent. */
bool tw_wire_send(struct tw_wire *w, const void *bytes, size_t n, struct tw_err *e);

/* tw_wire_message appends a message: its type (0 for none), its length, its body. */
bool tw_wire_message(struct tw_wire *w, char type, const void *body, size_t n, struct tw_err *e);

/* tw_wire_flush sends what it can, and sets w->events. NONE while something is left. */
enum tw_wire_io tw_wire_flush(struct tw_wire *w, char words[TW_WIRE_WORDS]);

/* tw_wire_read reads at most `size` bytes. */
enum tw_wire_io tw_wire_read(struct tw_wire *w, char *bytes, size_t size, size_t *n,
                             char words[TW_WIRE_WORDS]);

/* tw_wire_shake takes the handshake of TLS on: SOME when it is done. */
enum tw_wire_io tw_wire_shake(struct tw_wire *w, const struct tw_wire_target *t,
                              char words[TW_WIRE_WORDS], struct tw_err *e);

/* tw_wire_parse handles one message; *known is false for a type that has no place here. */
bool tw_wire_parse(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
                   char type, const char *body, size_t n, struct tw_err *e);

/* tw_wire_lose closes the session and tells its owner why. */
bool tw_wire_lose(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
                  const char *words, struct tw_err *e);

/* tw_wire_login answers one Authentication message of the server. */
bool tw_wire_login(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
                   const char *body, size_t n, struct tw_err *e);

/* tw_wire_number is the 32 bits at `bytes`, in network order. */
uint32_t tw_wire_number(const char *bytes);
