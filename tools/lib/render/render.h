/* SPDX-License-Identifier: ISC */
/*
 * render.h: site and templates become files, in memory: the three of PgBouncer, for one version of
 * it and with secrets, and those of the host (units, logrotate, cron). What that version could not
 * read, or would read as something else, is refused.
 */
#pragma once

#include "site/site.h"

/* The files, in two sets: the pooler's come before TW_RENDER_HOST, the host's after it. */
enum {
	TW_RENDER_INI,
	TW_RENDER_USERLIST,
	TW_RENDER_HBA,
	TW_RENDER_HOST,
	TW_RENDER_POOLER_UNIT = TW_RENDER_HOST,
	TW_RENDER_SERVER_UNIT,
	TW_RENDER_LOGROTATE,
	TW_RENDER_CRON,
	TW_RENDER_CHECK_SERVICE,
	TW_RENDER_CHECK_TIMER,
	TW_RENDER_RECOVER_SERVICE,
	TW_RENDER_RECOVER_TARGET,
	TW_RENDER_FILES
};

/* Files first to last - 1 of one set. All zero is an empty one. */
struct tw_rendering {
	int first, last;
	struct tw_buf file[TW_RENDER_FILES]; /* the userlist holds secrets */
};

/* The programs that the host's files start. */
struct tw_render_programs {
	const char *pooler;   /* "/usr/sbin/pgbouncer" */
	const char *check;    /* twpool-check, as its cron user can run it */
	const char *rollback; /* twpool-rollback, which a boot runs */
	const char *lint; /* twpool-lint, as PgBouncer's user can run it; NULL: not at its start */
};

/* tw_render_name is the name of a file: "pgbouncer.ini". Its template is NAME.tmpl. */
const char *tw_render_name(int file);

/*
 * tw_render renders the templates of directory `templates` for PgBouncer `version`, with `secrets`
 * from tw_secrets_parse. Errors: EX_CONFIG with the key's place in the site, EX_DATAERR for a
 * template (file:line) or a role in `secrets` that the site does not have, EX_NOINPUT. On failure
 * `out` is as it was.
 */
bool tw_render(const struct tw_site *site, json_t *secrets, const char *templates, int version,
               struct tw_rendering *out, struct tw_err *e);

/* tw_render_host renders the files of the host likewise. They hold no secret. */
bool tw_render_host(const struct tw_site *site, const struct tw_render_programs *programs,
                    const char *templates, struct tw_rendering *out, struct tw_err *e);

/* tw_rendering_free wipes and frees; also an empty one. */
void tw_rendering_free(struct tw_rendering *r);

/*
 * tw_render_data is the data of the templates: an object of strings and lists, checked. The keys of
 * the site's section pgbouncer for which `ini` (the template's n bytes) has a hole stand in it by
 * name, the others in the list "settings". NULL on failure; the object is the caller's.
 */
json_t *tw_render_data(const struct tw_site *site, json_t *secrets, const char *ini, size_t n,
                       int version, struct tw_err *e);

/* tw_render_host_data is the data of the host's templates likewise. */
json_t *tw_render_host_data(const struct tw_site *site, const struct tw_render_programs *programs,
                            struct tw_err *e);
