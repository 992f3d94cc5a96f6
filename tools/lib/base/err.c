/* SPDX-License-Identifier: ISC */
/* err.c: records errors as text. A message that does not fit is cut, never refused. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
tw_fail(struct tw_err *e, int exit, const char *fmt, ...)
{
	va_list ap;

	e->exit = exit;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return false;
}

bool
tw_fail_errno(struct tw_err *e, int exit, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t used;

	e->exit = exit;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	used = strlen(e->msg);
	snprintf(e->msg + used, sizeof(e->msg) - used, ": %s", strerror(saved));
	return false;
}

bool
tw_hint(struct tw_err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return false;
}

bool
tw_context(struct tw_err *e, const char *fmt, ...)
{
	char place[512], whole[sizeof(e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(place, sizeof(place), fmt, ap);
	va_end(ap);
	if (snprintf(whole, sizeof(whole), "%s: %s", place, e->msg) < 0)
		return false;
	memcpy(e->msg, whole, sizeof(whole));
	return false;
}
