/* SPDX-License-Identifier: ISC */
/* lint_conninfo.c: the pairs of a line of [databases]: they go forward, and end. */
#include "lib/must.h"
#include "lint/conninfo.h"

#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct tw_pair pair, last;
	size_t at = 0, n = 0;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (;;) {
		size_t before = at;

		if (tw_pair_next(text, &at, &pair) != TW_PAIR)
			break;
		fuzz_must(at > before && at <= strlen(text), "a pair is bytes of the line");
		fuzz_must(pair.at >= before && pair.at < at, "a pair begins where it was read");
		fuzz_must(pair.value[0] != '\0' || pair.cut, "no value is empty");
		fuzz_must(strpbrk(pair.key, " =") == NULL, "no blank in a key");
		n++;
		last = pair;
	}
	fuzz_must(n <= size / 2 + 1, "a pair is two bytes or more");
	if (n > 0 && !last.cut)
		fuzz_must(tw_pair_find(text, last.key, &pair) && strcmp(pair.value, last.value) == 0,
		          "the last one counts");
	free(text);
	return 0;
}
