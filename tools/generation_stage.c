/* SPDX-License-Identifier: ISC */
/* generation_stage.c: twpool-generation stage: what a path is now and what it is to become. */
#include "generation.h"
#include "record/publish.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* number_parse reads a user's or group's number. */
static bool
number_parse(const char *text, unsigned *number)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n >= UINT_MAX)
		return false;
	*number = (unsigned)n;
	return true;
}

/* owner_parse reads "USER" or "USER:GROUP", names or numbers. */
static bool
owner_parse(const char *text, struct tw_attr *attr, struct tw_err *e)
{
	const char *colon = strchr(text, ':');
	char user[64];
	const struct passwd *pw;
	const struct group *gr;

	snprintf(user, sizeof(user), "%.*s", (int)(colon ? colon - text : (long)strlen(text)),
	         text);
	if (!number_parse(user, &attr->uid)) {
		if ((pw = getpwnam(user)) == NULL)
			return tw_fail(e, EX_NOUSER, "no user '%s' on this host", user);
		attr->uid = pw->pw_uid;
		attr->gid = pw->pw_gid;
	}
	if (colon == NULL || number_parse(colon + 1, &attr->gid))
		return true;
	if ((gr = getgrnam(colon + 1)) == NULL)
		return tw_fail(e, EX_NOUSER, "no group '%s' on this host", colon + 1);
	attr->gid = gr->gr_gid;
	return true;
}

/* attr_parse makes the attributes that --mode and --owner ask for. */
static bool
attr_parse(const struct options *o, mode_t usual, struct tw_attr *attr, struct tw_err *e)
{
	const char *mode = o->mode;
	char *end = NULL;

	*attr = (struct tw_attr){ .mode = usual, .uid = geteuid(), .gid = getegid() };
	if (mode != NULL) {
		unsigned long n = strtoul(mode, &end, 8);

		if (end == mode || *end != '\0' || n > 07777)
			return tw_fail(e, EX_USAGE, "--mode: expected octal digits, got '%s'",
			               mode);
		attr->mode = (mode_t)n;
	}
	return o->owner == NULL || owner_parse(o->owner, attr, e);
}

int
run_stage(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	json_t *done = json_array(), *edits = NULL;
	const char *group = o->group ? o->group : "host";
	struct tw_attr attr;
	bool ok = gen_load(operands[0], &r, e) && tw_record_open(&r, e);

	if (ok && n != (o->directory || o->edits ? 2 : 3))
		ok = tw_fail(e, EX_USAGE,
		             "expected GENERATION SRC DEST, or with --directory "
		             "GENERATION DEST, or with --edits GENERATION FILE");
	if (ok && o->edits)
		ok = (edits = tw_json_load(operands[1], e)) != NULL &&
		     tw_stage_edits(&r, group, edits, done, e);
	else if (ok && o->directory)
		ok = attr_parse(o, 0755, &attr, e) &&
		     tw_stage_directory(&r, group, operands[1], &attr, done, e);
	else if (ok)
		ok = attr_parse(o, 0644, &attr, e) &&
		     tw_stage_file(&r, group, operands[1], operands[2], &attr, done, e);
	ok = gen_report(o, done, e) && ok;
	json_decref(edits);
	json_decref(done);
	tw_record_free(&r);
	return ok ? 0 : e->exit;
}
