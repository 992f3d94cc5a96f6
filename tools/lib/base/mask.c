/* SPDX-License-Identifier: ISC */
/* mask.c: hides secrets line by line. In doubt it hides more. */
#include "mask.h"
#include "scrub.h"

#include <string.h>

#define SCRAM "SCRAM-SHA-256$"

struct line {
	const char *text;
	size_t n; /* without its newline */
};

/* line_next moves to the next line of *text; false at the end. */
static bool
line_next(const char **text, const char *end, struct line *line)
{
	const char *newline;

	if (*text >= end)
		return false;
	newline = memchr(*text, '\n', (size_t)(end - *text));
	line->text = *text;
	line->n = (size_t)((newline != NULL ? newline : end) - *text);
	*text += line->n + (newline != NULL);
	return true;
}

/* field_end is behind the closing quote of a field whose opening quote is at `s`, or `end`. */
static const char *
field_end(const char *s, const char *end)
{
	for (s++; s < end; s++) {
		if (*s != '"')
			continue;
		if (s + 1 < end && s[1] == '"')
			s++;
		else
			return s + 1;
	}
	return end;
}

/* entry_mask appends a line of userlist.txt: "name" and what kind of secret there is. */
static bool
entry_mask(const struct line *line, struct tw_buf *out, struct tw_err *e)
{
	const char *end = line->text + line->n, *name, *secret, *hidden = "\"***\"";

	if (line->n == 0 || (line->text[0] == ';' && memchr(line->text, '"', line->n) == NULL))
		return tw_scrub(line->text, line->n, NULL, 0, out, e);
	name = memchr(line->text, '"', line->n);
	if (name == NULL)
		return tw_buf_puts(out, "***", e);
	name = field_end(name, end);
	secret = memchr(name, '"', (size_t)(end - name));
	if (secret == NULL)
		return tw_buf_puts(out, "***", e);
	if (end - secret == 2 && secret[1] == '"')
		hidden = "\"\"";
	else if ((size_t)(end - secret) > strlen(SCRAM) &&
	         memcmp(secret + 1, SCRAM, strlen(SCRAM)) == 0)
		hidden = "\"" SCRAM "***\"";
	return tw_scrub(line->text, (size_t)(name - line->text), NULL, 0, out, e) &&
	       tw_buf_puts(out, " ", e) && tw_buf_puts(out, hidden, e);
}

bool
tw_mask(const char *text, size_t n, bool userlist, struct tw_buf *out, struct tw_err *e)
{
	const char *end = text + n;
	struct line line;
	bool ok = true;

	while (ok && line_next(&text, end, &line)) {
		ok = userlist ? entry_mask(&line, out, e) : tw_scrub(line.text, line.n, NULL, 0, out, e);
		if (ok && line.text + line.n < end)
			ok = tw_buf_add(out, "\n", 1, e);
	}
	return ok;
}

/* line_same tells whether two lines are equal. */
static bool
line_same(const struct line *a, const struct line *b)
{
	return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

/*
 * line_changed tells whether `old` has the line `masked` with another secret. The n-th line of
 * `old_masked` is the n-th of `old`.
 */
static bool
line_changed(const struct tw_buf *old, const struct tw_buf *old_masked, const struct line *raw,
             const struct line *masked)
{
	const char *o = tw_buf_text(old), *m = tw_buf_text(old_masked);
	const char *end = o + old->len, *masked_end = m + old_masked->len;
	struct line other, other_masked;

	while (line_next(&o, end, &other) && line_next(&m, masked_end, &other_masked)) {
		if (line_same(masked, &other_masked))
			return !line_same(raw, &other);
	}
	return false;
}

bool
tw_mask_changed(const struct tw_buf *old, const struct tw_buf *new, size_t *count, struct tw_err *e)
{
	struct tw_buf old_masked = TW_BUF_INIT, new_masked = TW_BUF_INIT;
	bool ok = tw_mask(tw_buf_text(old), old->len, true, &old_masked, e) &&
	          tw_mask(tw_buf_text(new), new->len, true, &new_masked, e);
	const char *n = tw_buf_text(new), *m = tw_buf_text(&new_masked);
	const char *end = n + new->len, *masked_end = m + new_masked.len;
	struct line raw, masked;

	*count = 0;
	while (ok && line_next(&n, end, &raw) && line_next(&m, masked_end, &masked)) {
		if (raw.n > 0 && raw.text[0] == '"')
			*count += line_changed(old, &old_masked, &raw, &masked);
	}
	tw_buf_free(&old_masked);
	tw_buf_free(&new_masked);
	return ok;
}
