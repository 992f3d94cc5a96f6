/* SPDX-License-Identifier: ISC */
/*
 * scrub.h: the one way out for words that twpool did not write itself: those of a server, a log or a
 * file. They may repeat a secret; what is printed of them has been here.
 */
#pragma once

#include "buf.h"

/*
 * tw_scrub appends n bytes of text, in which "***" stands for
 * - each of the secrets, which are `count` strings; those that are NULL or empty are passed over;
 * - what follows password=, password: or SQL's PASSWORD, in quotes or not, in any case of letters, and
 *   the same for words that end so (PGPASSWORD, "sslpassword"); blanks around = and : do not matter;
 * - the password of a URI, up to the last @ of the word;
 * - what follows SCRAM-SHA-256$, and the 32 hexadecimal digits behind md5.
 * In doubt it takes away more. Newlines stay, so that the n-th line is still the n-th: a quoted value
 * that does not end on its line is hidden to the end of that line. EX_OSERR without memory.
 */
bool tw_scrub(const char *text, size_t n, const char *const *secrets, size_t count,
              struct tw_buf *out, struct tw_err *e);

/*
 * tw_scrub_text scrubs the string `text` by pattern in its own place, of `size` bytes; what does not
 * fit is cut. The text is emptied where there is no memory.
 */
void tw_scrub_text(char *text, size_t size);
