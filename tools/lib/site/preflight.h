/* SPDX-License-Identifier: ISC */
/*
 * preflight.h: what a host was found to be before a deploy: findings made by shell, judged and
 * reported here, since shell composes no JSON.
 */
#pragma once

#include "base/json.h"

/* TW_PREFLIGHT_BUSY is an error that goes away by waiting; its word as a severity is "error". */
enum tw_preflight_level {
	TW_PREFLIGHT_OK,
	TW_PREFLIGHT_WARNING,
	TW_PREFLIGHT_BUSY,
	TW_PREFLIGHT_ERROR,
};

/* One finding; the texts are borrowed from what was read. An empty remedy is none. */
struct tw_preflight_row {
	enum tw_preflight_level level;
	const char *id, *text, *remedy;
};

struct tw_preflight {
	size_t n;
	struct tw_preflight_row *row;
};

#define TW_PREFLIGHT_INIT \
	{                 \
		0, NULL   \
	}

/*
 * tw_preflight_read takes LEVEL, ID, TEXT and REMEDY, each ended by NUL, as often as they come;
 * LEVEL is ok, warning, busy or error; all but ok need a remedy. `in` must live as long as the
 * findings. EX_DATAERR where that is not what there is.
 */
bool tw_preflight_read(const struct tw_buf *in, struct tw_preflight *p, struct tw_err *e);

void tw_preflight_free(struct tw_preflight *p);

/* tw_preflight_status is "fit", "busy" (nothing but waiting is needed) or "unfit". */
const char *tw_preflight_status(const struct tw_preflight *p);

/* tw_preflight_exit is 0, EX_TEMPFAIL or EX_CONFIG, as the status. */
int tw_preflight_exit(const struct tw_preflight *p);

/* tw_preflight_table appends one row for each finding, the worst last, each with its remedy. */
bool tw_preflight_table(const struct tw_preflight *p, struct tw_buf *b, struct tw_err *e);

/* tw_preflight_json is a new report by `tool`, the findings in the order in which they were made.
 */
json_t *tw_preflight_json(const struct tw_preflight *p, const char *tool);
