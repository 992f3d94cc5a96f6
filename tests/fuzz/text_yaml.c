/* SPDX-License-Identifier: ISC */
/* text_yaml.c: the tokenizer of YAML. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.yaml", NULL };

	fuzz_container(names, data, size);
	return 0;
}
