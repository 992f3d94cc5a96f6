/* SPDX-License-Identifier: ISC */
/* fuzz.c: what must be so, or is a finding. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void
fuzz_must(bool so, const char *expected)
{
	if (so)
		return;
	fprintf(stderr, "fuzz: not so: %s\n", expected);
	abort();
}
