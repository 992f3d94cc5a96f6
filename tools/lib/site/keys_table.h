/* SPDX-License-Identifier: ISC */
/*
 * keys_table.h: how the rows of the settings table are written; for the files keys_*.c alone. Each
 * fact was read at the tags pgbouncer_1_12_0 to pgbouncer_1_25_2 (src/main.c, src/loader.c) and
 * measured by running those versions and Debian's 1.26.1; tests/soak/differential holds the table
 * against every binary that can be had.
 */
#pragma once

#include "keys.h"

#include <limits.h>
#include <stddef.h>

#define V(minor, patch) TW_PGBOUNCER(1, minor, patch)
#define TEXT .type = TW_KEY_TEXT
#define LIST .type = TW_KEY_LIST
#define SECONDS .type = TW_KEY_SECONDS
#define BOOL .type = TW_KEY_BOOL, .max = 1
#define INT(least, most) .type = TW_KEY_INT, .min = (least), .max = (most)
#define ENUM(list) .type = TW_KEY_ENUM, .words = tw_words_##list
#define WORDS(list) .words = tw_words_##list
#define RESTART .reload = TW_KEY_NEVER

extern const struct tw_key_word tw_words_auth_type[], tw_words_pool_mode[], tw_words_sslmode[],
    tw_words_dheparams[], tw_words_tls_ciphers[], tw_words_tls_protocols[], tw_words_syslog[],
    tw_words_balance[];

extern const struct tw_key tw_keys_global[], tw_keys_database[], tw_keys_user[], tw_keys_peer[];
