/* SPDX-License-Identifier: ISC */
/* finding.c: a list of findings. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
tw_findings_free(struct tw_findings *f)
{
	free(f->item);
	*f = (struct tw_findings)TW_FINDINGS_INIT;
}

bool
tw_finding_add(struct tw_findings *f, struct tw_place at, enum tw_severity severity,
               const char *rule, const char *fix, struct tw_err *e, const char *message, ...)
{
	struct tw_finding *grown = realloc(f->item, (f->n + 1) * sizeof(*grown));
	va_list ap;

	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	f->item = grown;
	grown += f->n++;
	*grown = (struct tw_finding){ .at = at, .severity = severity, .rule = rule };
	va_start(ap, message);
	vsnprintf(grown->message, sizeof(grown->message), message, ap);
	va_end(ap);
	snprintf(grown->fix, sizeof(grown->fix), "%s", fix);
	return true;
}

/* place_before tells whether a stands before b. */
static bool
place_before(struct tw_place a, struct tw_place b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void
tw_findings_sort(struct tw_findings *f)
{
	/* Insertion: stable, and the list is nearly sorted already. */
	for (size_t i = 1; i < f->n; i++) {
		struct tw_finding moved = f->item[i];
		size_t j = i;

		for (; j > 0 && place_before(moved.at, f->item[j - 1].at); j--)
			f->item[j] = f->item[j - 1];
		f->item[j] = moved;
	}
}

enum tw_severity
tw_findings_worst(const struct tw_findings *f)
{
	enum tw_severity worst = TW_NOTE;

	for (size_t i = 0; i < f->n; i++) {
		if (f->item[i].severity > worst)
			worst = f->item[i].severity;
	}
	return worst;
}

const char *
tw_severity_text(enum tw_severity severity)
{
	static const char *const words[] = { "note", "warning", "error" };

	return words[severity];
}
