/* SPDX-License-Identifier: ISC */
/* check_give_up.h: twpool-check's last way out of what keeps no deadline. */
#pragma once

#include <stdbool.h>
#include "check/report.h"

/* What is said then. */
#define CHECK_LATE "no verdict in time: looking up a name, or a login, does not end"

/*
 * check_give_up_after ends this process with a report that is UNKNOWN, 0.1 s after the time that
 * everything may take together: from within libpq, which keeps no deadline while it looks up a name
 * or works on a password that a hostile server wants hashed two billion times. `silent`: without a
 * report, for whoever makes it instead.
 */
void check_give_up_after(double seconds, enum tw_format format, bool silent);

/* check_give_up_no_more is for when there is a report: it is not followed by a second one. */
void check_give_up_no_more(void);
