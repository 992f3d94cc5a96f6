/* SPDX-License-Identifier: ISC */
/*
 * scrub.c: what somebody else said. The first line is a secret, the rest a text: the secret is not in what
 * is left, and no line is lost.
 */
#include "base/scrub.h"
#include "lib/must.h"

#include <string.h>

/* lines is the number of newlines. */
static size_t
lines(const struct tw_buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->data[i] == '\n';
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);
	struct tw_err e = TW_ERR_INIT;
	struct tw_buf secret = TW_BUF_INIT, text = TW_BUF_INIT, once = TW_BUF_INIT, twice = TW_BUF_INIT;
	const char *secrets[1];
	size_t n;

	if (newline == NULL || !tw_buf_add(&secret, data, (size_t)(newline - data), &e))
		return 0;
	secrets[0] = tw_buf_text(&secret);
	n = strlen(secrets[0]);
	/* Stars stand for secrets, and the lines of a text are counted. */
	if (strchr(secrets[0], '*') == NULL && n == secret.len &&
	    tw_buf_add(&text, newline + 1, size - secret.len - 1, &e)) {
		fuzz_must(tw_scrub(tw_buf_text(&text), text.len, secrets, 1, &once, &e), "it is scrubbed");
		fuzz_must(n == 0 || memmem(tw_buf_text(&once), once.len, secrets[0], n) == NULL,
		          "the secret is gone");
		fuzz_must(lines(&once) == lines(&text), "every line is there");
		fuzz_must(tw_scrub(tw_buf_text(&once), once.len, secrets, 1, &twice, &e) &&
		              lines(&twice) == lines(&text),
		          "nor is one lost a second time");
	}
	tw_buf_free(&secret);
	tw_buf_free(&text);
	tw_buf_free(&once);
	tw_buf_free(&twice);
	return 0;
}
