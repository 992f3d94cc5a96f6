/* SPDX-License-Identifier: ISC */
/* record_path.h: where the parts of a record are. For record.c and generations.c alone. */
#pragma once

#include "record.h"

/* tw_record_attr is what everything in a record belongs to: its user alone. */
struct tw_attr tw_record_attr(mode_t mode);

/* tw_record_dir writes the directory of a generation. */
void tw_record_dir(unsigned number, char out[4096]);

/* tw_record_path writes DIR/name, or fails (EX_DATAERR) where that is too long. */
bool tw_record_path(const struct tw_record *r, const char *name, char out[4096], struct tw_err *e);
