/* SPDX-License-Identifier: ISC */
/* text_words.c: the tokenizer of shell, Dockerfiles and units. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.sh", "Dockerfile", "a.service", NULL };

	fuzz_container(names, data, size);
	return 0;
}
