/* SPDX-License-Identifier: ISC */
/* must.h: the part of fuzz.h that targets need that have nothing to do with DSNs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls this for each input; a finding is an abort, a sanitizer's report, or a leak. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_must aborts, saying what was expected, unless it is so. */
void fuzz_must(bool so, const char *expected);
