/* SPDX-License-Identifier: ISC */
/* check_state.c: between two runs. */
#include "check/linger.h"
#include "check/memory.h"
#include "check_options.h"
#include "check_state.h"

bool
check_state_compare(const char *path, struct tw_facts *f, struct tw_err *e)
{
	json_t *before;
	bool ok;

	if (f->console.how != TW_ASKED_OK)
		return true;
	before = tw_memory_between(path, CHECK_NAME);
	ok = tw_between_make(&f->sample, &f->host.process, before, tw_memory_now(), &f->between, e);
	f->compared = ok;
	json_decref(f->alerts);
	f->alerts = json_incref(json_object_get(before, "alerts"));
	json_decref(before);
	return ok;
}

void
check_state_keep(const char *path, const struct tw_facts *f, struct tw_verdict *v)
{
	struct tw_err failed = TW_ERR_INIT;
	struct tw_memory memory;
	json_t *between;

	if (!f->compared)
		return;
	between = tw_between_json(&f->between);
	json_object_set_new(between, "alerts", tw_linger_json(v));
	tw_memory_read(path, CHECK_NAME, tw_memory_now(), &memory);
	if (!tw_memory_write(path, CHECK_NAME, &memory, between, &failed))
		tw_verdict_unjudged(v, "waits",
		                    "the state file cannot be written, so the next run has nothing "
		                    "to compare with");
	json_decref(between);
}
