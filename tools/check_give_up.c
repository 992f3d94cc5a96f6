/* SPDX-License-Identifier: ISC */
/* check_give_up.c: a signal, and a report that is no more than written: nothing else is safe then.
 */
#include "base/version.h"
#include "check_give_up.h"
#include "check_options.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* Between the time and the first alarm, and from that to the second. */
#define ALARM_US 50000

#define LATE_LINE "TWPOOL UNKNOWN: " CHECK_LATE

/* How many alarms have come: a handler has nothing else to know it from. */
static volatile sig_atomic_t alarms;

/*
 * give_up ends the process with a text, at the second alarm. Where the machine is so slow that the
 * first comes with the deadline itself, the verdict on that is under way and better than ours.
 */
static void
give_up(const char *text)
{
	if (alarms++ == 0)
		return;
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(TW_STATUS_UNKNOWN); /* nobody listens */
	_exit(TW_STATUS_UNKNOWN);
}

static void
give_up_nagios(int signal)
{
	(void)signal;
	give_up(LATE_LINE "\n");
}

static void
give_up_json(int signal)
{
	(void)signal;
	give_up("{\n  \"schema\": 1,\n  \"tool\": \"" CHECK_NAME "\",\n  \"version\": \"" TW_VERSION
	        "\",\n  \"status\": \"unknown\",\n  \"summary\": \"" LATE_LINE
	        "\",\n  \"checks\": [],\n  \"error\": \"" CHECK_LATE "\"\n}\n");
}

static void
give_up_prometheus(int signal)
{
	(void)signal;
	give_up("# " LATE_LINE "\n# HELP twpool_check_status The verdict: 0 OK, 1 WARNING, "
	        "2 CRITICAL, 3 UNKNOWN.\n# TYPE twpool_check_status gauge\n"
	        "twpool_check_status 3\n");
}

static void
give_up_silent(int signal)
{
	(void)signal;
	give_up("");
}

void
check_give_up_after(double seconds, enum tw_format format, bool silent)
{
	static void (*const ways[])(int) = { [TW_FORMAT_NAGIOS] = give_up_nagios,
		                             [TW_FORMAT_JSON] = give_up_json,
		                             [TW_FORMAT_PROMETHEUS] = give_up_prometheus };
	double first = seconds + (double)ALARM_US / 1e6, whole = floor(first);
	struct itimerval at = { .it_interval = { 0, ALARM_US },
		                .it_value = { (time_t)whole,
		                              (suseconds_t)((first - whole) * 1e6) } };

	signal(SIGALRM, silent ? give_up_silent : ways[format]);
	setitimer(ITIMER_REAL, &at, NULL);
}

void
check_give_up_no_more(void)
{
	const struct itimerval none = { 0 };

	setitimer(ITIMER_REAL, &none, NULL);
	signal(SIGALRM, SIG_IGN);
}
