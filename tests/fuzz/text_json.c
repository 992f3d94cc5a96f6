/* SPDX-License-Identifier: ISC */
/* text_json.c: the tokenizer of JSON. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.json", NULL };

	fuzz_container(names, data, size);
	return 0;
}
