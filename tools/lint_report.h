/* SPDX-License-Identifier: ISC */
/* lint_report.h: what twpool-lint prints: findings for people, a report, the settings table. */
#pragma once

#include "lint/boot.h"
#include "lint/lint.h"
#include "lint/reload.h"

/* What was found out. boot, live: NULL where it was not asked for. */
struct report {
	const struct tw_lint *lint;
	const struct tw_findings *findings;
	bool refused; /* the rules say that PgBouncer does not start */
	const struct tw_boot *boot;
	const struct tw_live *live;
	bool reloading; /* --reload, and what came of it */
	enum tw_reload_result reload;
};

/* report_print writes one finding per line; `quiet`: no notes, and no talk on stderr. */
bool report_print(const struct report *r, bool quiet, struct tw_err *e);

/* report_json is the same as --json. */
bool report_json(const struct report *r, struct tw_err *e);

/* keys_print writes the settings table of a version (0: all) as JSON. */
bool keys_print(int version, struct tw_err *e);
