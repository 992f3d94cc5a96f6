/* SPDX-License-Identifier: ISC */
/* check_remember.h: twpool-check --remember, for cron: it speaks when there is news. */
#pragma once

#include "check/report.h"

struct check_remember {
	const char *path, *tool;
	enum tw_format format;
	int seconds;                /* the check is killed after so long */
	int (*check)(const void *); /* prints its report to stdout and returns the plugin's code */
	const void *arg;
};

/*
 * check_remember makes the check in a child, so that its end, whatever it is, is a verdict; prints
 * what it says if that is news, with a line about what was before, and sends one line to syslog.
 * Returns the check's code, and UNKNOWN where another run with this file is under way.
 */
int check_remember(const struct check_remember *r);
