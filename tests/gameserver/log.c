/* SPDX-License-Identifier: ISC */
#include "log.h"
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = { "INFO", "WARNING", "ERROR" };

void
gs_log(enum gs_level level, const char *fmt, ...)
{
	int saved = errno;
	char raw[1900], message[1900], when[32], line[2048];
	struct timespec now;
	struct tm utc;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	gs_fold(message, sizeof message, raw);

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
	int n = snprintf(line, sizeof line, "%s.%03ldZ %s %s\n", when, now.tv_nsec / 1000000,
	                 level_names[level], message);
	/* A log that cannot be written has nowhere to complain. */
	ssize_t written = write(STDERR_FILENO, line, (size_t)n);
	(void)written;
	errno = saved;
}
