/* SPDX-License-Identifier: ISC */
/* finding.h: what a check of a configuration file has to say, each with its place and its cure. */
#pragma once

#include <stddef.h>
#include "err.h"

/* REFUSED is an error with which the program that reads the file does not even start. */
enum tw_severity { TW_NOTE, TW_WARNING, TW_ERROR, TW_REFUSED };

/* A place in a file; line and column count from 1, in bytes. */
struct tw_place {
	int line;
	int column;
	const char *file; /* borrowed; NULL: the file under judgement itself */
};

/*
 * message and fix are sentences without a full stop; rule is a static word. The file of `at` must
 * outlive the finding.
 */
struct tw_finding {
	struct tw_place at;
	size_t order; /* as it was added */
	enum tw_severity severity;
	const char *rule;
	char message[512];
	char fix[256];
};

struct tw_findings {
	size_t n, room;
	struct tw_finding *item;
};

#define TW_FINDINGS_INIT   \
	{                  \
		0, 0, NULL \
	}

void tw_findings_free(struct tw_findings *f);

/* tw_finding_add appends a finding; false (EX_OSERR) only without memory. */
bool tw_finding_add(struct tw_findings *f, struct tw_place at, enum tw_severity severity,
                    const char *rule, const char *fix, struct tw_err *e, const char *message, ...)
    __attribute__((format(printf, 7, 8)));

/*
 * tw_findings_sort orders by place, the included files behind the file itself; findings of one
 * place stay in their order.
 */
void tw_findings_sort(struct tw_findings *f);

/* tw_findings_worst is the highest severity, TW_NOTE where there are none. */
enum tw_severity tw_findings_worst(const struct tw_findings *f);

/* tw_severity_text is "note", "warning" or "error" (also for REFUSED). */
const char *tw_severity_text(enum tw_severity severity);
