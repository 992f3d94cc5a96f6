/* SPDX-License-Identifier: ISC */
/*
 * merge_metrics.c: Prometheus wants all samples of a family behind its one HELP and TYPE. The texts
 * are our own (base/exposition.c): each family begins with HELP.
 */
#include "merge.h"

#include <string.h>

#define HELP "# HELP "

/* family_next is where the next family begins, or the end of the text. */
static const char *
family_next(const char *text)
{
	const char *next = strstr(text, "\n" HELP);

	return next != NULL ? next + 1 : text + strlen(text);
}

/* family_first is where the first begins. */
static const char *
family_first(const char *text)
{
	return strncmp(text, HELP, strlen(HELP)) == 0 ? text : family_next(text);
}

/* family_find is where the family with this name of n bytes begins, or NULL. */
static const char *
family_find(const char *text, const char *name, size_t n)
{
	const char *at = family_first(text);

	while (*at != '\0' &&
	       (strncmp(at + strlen(HELP), name, n) != 0 || at[strlen(HELP) + n] != ' '))
		at = family_next(at);
	return *at != '\0' ? at : NULL;
}

/* samples_add appends the samples of the family that begins at `at`. */
static bool
samples_add(const char *at, struct tw_buf *out, struct tw_err *e)
{
	const char *end = family_next(at);

	while (*at == '#') {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return at >= end || tw_buf_add(out, at, (size_t)(end - at), e);
}

/* family_add appends the family that begins at `at` in the i-th text, with what the later ones
 * have. */
static bool
family_add(const struct tw_merge *list, size_t n, size_t i, const char *at, struct tw_buf *out,
           struct tw_err *e)
{
	const char *name = at + strlen(HELP), *other;
	size_t length = strcspn(name, " \n");
	bool ok = true;

	for (size_t k = 0; k < i; k++) {
		if (family_find(list[k].text, name, length) != NULL)
			return true; /* it is there */
	}
	ok = tw_buf_add(out, at, (size_t)(family_next(at) - at), e);
	for (size_t k = i + 1; ok && k < n; k++) {
		other = family_find(list[k].text, name, length);
		ok = other == NULL || samples_add(other, out, e);
	}
	return ok;
}

bool
tw_merge_metrics(const struct tw_merge *list, size_t n, struct tw_buf *out, struct tw_err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		const char *at = family_first(list[i].text);

		/* Why a check could not be made is a comment in front. */
		ok = tw_buf_add(out, list[i].text, (size_t)(at - list[i].text), e);
		for (; ok && *at != '\0'; at = family_next(at))
			ok = family_add(list, n, i, at, out, e);
	}
	return ok;
}
