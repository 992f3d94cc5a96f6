/* SPDX-License-Identifier: ISC */
/* text_properties.c: the tokenizer of Java properties. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.properties", NULL };

	fuzz_container(names, data, size);
	return 0;
}
