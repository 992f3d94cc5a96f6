/* SPDX-License-Identifier: ISC */
/* plain.c: plain text. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "notes", NULL };

	fuzz_container(names, data, size);
	return 0;
}
