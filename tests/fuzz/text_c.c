/* SPDX-License-Identifier: ISC */
/* text_c.c: the tokenizer of C and C++. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.c", NULL };

	fuzz_container(names, data, size);
	return 0;
}
