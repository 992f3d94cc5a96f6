/* SPDX-License-Identifier: ISC */
/* size_tune.h: --tune of twpool-size; its second part. */
#pragma once

#include "size/size.h"

struct size_tune_options {
	const char *dsn, *db, *sizes, *script, *html;
	long bots;
	double seconds, think;
	bool json, quiet;
};

/*
 * size_tune tries pool sizes at the running pooler of a site, reports, and returns the exit code.
 * `size` is what was reckoned, where PostgreSQL has answered.
 */
int size_tune(const struct size_tune_options *o, const struct tw_site *site,
              const struct tw_size *size, struct tw_err *e);
