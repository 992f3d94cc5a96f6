/* SPDX-License-Identifier: ISC */
/* text_lines.c: the tokenizer of lines of keys and values. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.ini", "a.env", NULL };

	fuzz_container(names, data, size);
	return 0;
}
