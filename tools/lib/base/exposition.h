/* SPDX-License-Identifier: ISC */
/*
 * exposition.h: the text format of Prometheus, version 0.0.4, one family after the other.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#pragma once

#include "buf.h"

/* One label; a list of them ends with a NULL name. Values may hold any bytes. */
struct tw_label {
	const char *name, *value;
};

/* What is being written. `family` must be set anew (tw_family) for each name. */
struct tw_exposition {
	struct tw_buf *out; /* the caller's */
	const char *name, *type, *help;
	struct tw_label always; /* the first of every sample; a NULL value: none */
	bool begun;             /* the family has a sample */
};

/*
 * tw_family begins a family; type is "gauge" or "counter", the strings stay the caller's. Nothing
 * is written before its first sample: a family without one is left out.
 */
void tw_family(struct tw_exposition *x, const char *name, const char *type, const char *help);

/*
 * tw_point appends a sample of the family with up to 8 labels (NULL: none); one that is NAN is left
 * out. EX_OSERR.
 */
bool tw_point(struct tw_exposition *x, const struct tw_label *labels, double value,
              struct tw_err *e);
