/* SPDX-License-Identifier: ISC */
/*
 * fuzz.h: what the targets share. A target is one file tests/fuzz/NAME.c that defines fuzz_one; its
 * seeds are the files of tests/fuzz/corpus/NAME/, its words, if any, stand in tests/fuzz/NAME.dict.
 */
#pragma once

#include "dsn/dsn_file.h"

#include <stdint.h>

/* libFuzzer calls this for each input; a finding is an abort, a sanitizer's report, or a leak. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_must aborts, saying what was expected, unless it is so. */
void fuzz_must(bool so, const char *expected);

/*
 * fuzz_container takes an input for a file of each of the names (up to NULL), whose endings choose
 * the tokenizer, and checks what holds for all of them: every text stands where it says; a DSN
 * that moves is moved by edits inside its own text, once and for all, and comes back byte for byte.
 */
void fuzz_container(const char *const *names, const uint8_t *data, size_t size);
