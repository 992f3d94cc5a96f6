/* SPDX-License-Identifier: ISC */
/* settings.c: .pgpass and pg_service.conf, which have no text of their own. */
#include "lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { ".pgpass", ".pg_service.conf", NULL };

	fuzz_container(names, data, size);
	return 0;
}
