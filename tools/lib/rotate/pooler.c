/* SPDX-License-Identifier: ISC */
/*
 * pooler.c: the RELOAD of a rotation is one like any other: it reads the whole configuration, and
 * stops half-way at a bad line. So that is judged beforehand, and read back afterwards.
 */
#include "base/file.h"
#include "lint/lint.h"
#include "pg/admin.h"
#include "pooler.h"

#include <stdio.h>
#include <string.h>

/* first is the first finding that hinders: an error before the RELOAD, a difference after it. */
static const struct tw_finding *
first(const struct tw_findings *f, size_t from, bool after)
{
	for (size_t i = from; i < f->n; i++) {
		if (after ? strcmp(f->item[i].rule, "restart-needed") != 0
		          : f->item[i].severity >= TW_ERROR)
			return &f->item[i];
	}
	return NULL;
}

/* judge reads and judges the file, and holds it against the running pooler where it is `after`. */
static bool
judge(PGconn *console, tw_ms deadline, bool after, struct tw_err *e)
{
	struct tw_lint lint = TW_LINT_INIT;
	struct tw_findings findings = TW_FINDINGS_INIT;
	struct tw_live live;
	const struct tw_finding *found;
	char path[4096 + 64];
	size_t from;
	bool ok;

	snprintf(path, sizeof(path), "%s/etc/pgbouncer/twpool/pgbouncer.ini", tw_root());
	lint.path = path;
	lint.user = tw_lint_user(path);
	ok = tw_lint_version(console, deadline, &lint.version, e) &&
	     tw_lint_read(&lint, &findings, e);
	from = findings.n;
	ok = ok && (after ? tw_lint_live(&lint, console, deadline, &live, &findings, e)
	                  : tw_lint_rules(&lint, &findings, e));
	found = ok ? first(&findings, after ? from : 0, after) : NULL;
	if (found != NULL) {
		ok = tw_fail(e, EX_CONFIG, "%s:%d: %s",
		             found->at.file != NULL ? found->at.file : path, found->at.line,
		             found->message);
		tw_hint(e, after ? "See twpool-lint --live, and the pooler's log."
		                 : "Correct it first: the pooler would read the half of it.");
	}
	tw_findings_free(&findings);
	tw_lint_free(&lint);
	return ok;
}

bool
tw_rotate_pooler_sound(PGconn *console, tw_ms deadline, struct tw_err *e)
{
	return console == NULL || judge(console, deadline, false, e);
}

bool
tw_rotate_pooler_same(PGconn *console, tw_ms deadline, struct tw_err *e)
{
	return console == NULL || judge(console, deadline, true, e) ||
	       tw_context(e, "the password is changed; the pooler is not as its file says");
}
