/* SPDX-License-Identifier: ISC */
/* text_code.c: the tokenizer of the languages of a table. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.py", "a.go", "a.js", "a.java", "a.toml", NULL };

	fuzz_container(names, data, size);
	return 0;
}
