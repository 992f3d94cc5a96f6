/* SPDX-License-Identifier: ISC */
/* check_config.c: what the site says against what the running pooler has. */
#include "check.h"

/* config_unasked words that nothing could be compared; false where it was. */
static bool
config_unasked(const struct tw_check_input *in, struct tw_result *r)
{
	const struct tw_answer *a = &in->facts->config;

	if (in->asking->config_error.exit != 0) {
		tw_result_raise(r, TW_STATUS_UNKNOWN, TW_CAUSE_SITE);
		tw_result_say(r, "%s", in->asking->config_error.msg);
		return true;
	}
	if (tw_check_moot(in, r) || tw_check_late(a, r))
		return true;
	if (a->how == TW_ASKED_OK)
		return false;
	tw_result_raise(r, a->how == TW_ASKED_LATE ? TW_STATUS_CRITICAL : TW_STATUS_UNKNOWN,
	                TW_CAUSE_HANGS);
	tw_result_say(r, "%s", a->e.msg);
	return true;
}

bool
tw_check_config(const struct tw_check_input *in, struct tw_verdict *v, struct tw_err *e)
{
	const struct tw_findings *differs = &in->facts->differs;
	struct tw_result *r;

	if (!in->asking->site)
		return true;
	r = tw_verdict_add(v, "config", e);
	if (r == NULL)
		return false;
	if (config_unasked(in, r))
		return true;
	if (differs->n == 0)
		tw_result_say(r, "%zu settings and %zu database%s are as the site has them",
		              in->facts->live.keys, in->facts->live.databases,
		              in->facts->live.databases == 1 ? "" : "s");
	for (size_t i = 0; i < differs->n; i++) {
		if (i > 0 && (r = tw_verdict_add(v, "config", e)) == NULL)
			return false;
		tw_result_raise(r, TW_STATUS_WARNING, TW_CAUSE_CONFIG);
		tw_result_say(r, "%s", differs->item[i].message);
	}
	return true;
}
