/* SPDX-License-Identifier: ISC */
/* finding.c: a list of findings. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	struct tw_finding *grown = f->item;
	size_t room = f->room > 0 ? f->room : 8;
	va_list ap;

	if (f->n == f->room) {
		room *= 2;
		grown = realloc(f->item, room * sizeof(*grown));
		if (grown == NULL)
			return tw_fail(e, EX_OSERR, "out of memory");
		f->item = grown;
		f->room = room;
	}
	grown += f->n;
	*grown = (struct tw_finding){ at, f->n++, severity, rule, "", "" };
	va_start(ap, message);
	vsnprintf(grown->message, sizeof(grown->message), message, ap);
	va_end(ap);
	snprintf(grown->fix, sizeof(grown->fix), "%s", fix);
	return true;
}

/* before orders two findings for qsort. */
static int
before(const void *a, const void *b)
{
	const struct tw_finding *x = a, *y = b;

	if (x->at.file != y->at.file && (x->at.file == NULL || y->at.file == NULL))
		return x->at.file == NULL ? -1 : 1;
	if (x->at.file != y->at.file && strcmp(x->at.file, y->at.file) != 0)
		return strcmp(x->at.file, y->at.file);
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.column != y->at.column)
		return x->at.column < y->at.column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void
tw_findings_sort(struct tw_findings *f)
{
	if (f->n > 1)
		qsort(f->item, f->n, sizeof(*f->item), before);
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
	static const char *const words[] = { "note", "warning", "error", "error" };

	return words[severity];
}
