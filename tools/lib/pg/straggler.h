/* SPDX-License-Identifier: ISC */
/*
 * straggler.h: the clients of a site that still come to PostgreSQL directly, past the pooler: the
 * client backends of its users on its databases that are no server connection of the pooler. By
 * process ids, since over a Unix socket there is no address and no port to tell them by.
 */
#pragma once

#include "stress/sample.h"

/*
 * What was seen. Between asking the pooler and asking PostgreSQL a new server connection may come
 * up, so one sample proves nothing: `item` are those that were direct in the last two in a row.
 */
struct tw_stragglers {
	const struct tw_site *site; /* the caller's */
	const char *since; /* only connections from this time on, "2026-11-24T20:15:00Z", UTC */
	struct tw_backends two; /* direct in the last two samples */
	struct tw_backends one; /* direct in the last sample */
	long samples, clear;    /* taken; of these the last so many without anybody direct */
	long servers;           /* server connections of the pooler in the last sample */
	tw_ms lasted;
};

#define TW_STRAGGLERS_INIT                 \
	{                                  \
		.site = NULL, .since = "", \
	}

void tw_stragglers_free(struct tw_stragglers *s);

/*
 * tw_stragglers_observe adds a sample of console and PostgreSQL. Connections of twpool's own
 * programs, by their application_name, do not count. EX_NOPERM where the role that was asked as may
 * not see who else a direct one is.
 */
bool tw_stragglers_observe(struct tw_stragglers *s, const struct tw_sample *sample,
                           struct tw_err *e);

/*
 * tw_stragglers_watch takes samples, two at least, until two in a row have nobody direct, or `most`
 * ms are over. Errors as for the samples.
 */
bool tw_stragglers_watch(struct tw_stragglers *s, struct tw_sampler *sampler, tw_ms most,
                         struct tw_err *e);

/* tw_stragglers_text appends a line for each of `two`, and for none the line that says so. */
bool tw_stragglers_text(const struct tw_stragglers *s, struct tw_buf *out, struct tw_err *e);

/* tw_stragglers_json is the report; NULL without memory. */
json_t *tw_stragglers_json(const struct tw_stragglers *s, const char *tool);
