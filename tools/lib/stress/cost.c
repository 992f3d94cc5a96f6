/* SPDX-License-Identifier: ISC */
/* cost.c: /proc/PID/stat, smaps_rollup, and the list of children. */
#include "cost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double
tw_cost_cpu(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		return NAN;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* proc_open opens a file of a process. */
static FILE *
proc_open(pid_t pid, const char *name)
{
	char path[128];

	if (pid == 0)
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

double
tw_cost_pss(pid_t pid)
{
	FILE *f = proc_open(pid, "smaps_rollup");
	double pss = NAN;
	char line[256];
	long kb;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Pss: %ld kB", &kb) == 1) {
			pss = (double)kb * 1024;
			break;
		}
	}
	if (f != NULL)
		fclose(f);
	return pss;
}

/* stat_read reads what follows a process's name (proc(5)): its parent, its CPU in ticks. */
static int
stat_read(pid_t pid, int *parent, unsigned long long *ticks)
{
	FILE *f = proc_open(pid, "stat");
	char line[1024], *rest = NULL;
	unsigned long user, system;
	long dead_user, dead_system;
	int n = 0;

	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		rest = strrchr(line, ')');
	if (rest != NULL)
		n = sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
		           parent, &user, &system, &dead_user, &dead_system);
	if (f != NULL)
		fclose(f);
	if (n == 5)
		*ticks = user + system + (unsigned long)dead_user + (unsigned long)dead_system;
	return n == 5;
}

double
tw_cost_process(pid_t pid)
{
	unsigned long long ticks;
	int parent;

	return stat_read(pid, &parent, &ticks) ? (double)ticks / (double)sysconf(_SC_CLK_TCK) : NAN;
}

pid_t
tw_cost_parent(pid_t pid)
{
	unsigned long long ticks;
	int parent;

	return stat_read(pid, &parent, &ticks) ? parent : 0;
}

double
tw_cost_children(pid_t pid)
{
	double sum = tw_cost_process(pid), one;
	char name[64];
	FILE *f;
	int child;

	snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	f = proc_open(pid, name);
	while (f != NULL && fscanf(f, "%d", &child) == 1) {
		one = tw_cost_process(child);
		sum += isnan(one) ? 0 : one;
	}
	if (f != NULL)
		fclose(f);
	return sum;
}

double
tw_cost_idle(void)
{
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long idle = 0, wait = 0;
	int n = f != NULL ? fscanf(f, "cpu %*u %*u %*u %llu %llu", &idle, &wait) : 0;

	if (f != NULL)
		fclose(f);
	return n == 2 ? (double)(idle + wait) / (double)sysconf(_SC_CLK_TCK) : NAN;
}
