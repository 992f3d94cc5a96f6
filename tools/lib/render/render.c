/* SPDX-License-Identifier: ISC */
/* render.c: templates and data put together, and the first line that lets drift show. */
#include "base/file.h"
#include "base/version.h"
#include "render.h"
#include "tmpl.h"

#include <ctype.h>
#include <stdio.h>

/* The files, and what starts a comment in each: PgBouncer's userlist knows only ";". */
static const struct {
	const char *name;
	char comment;
} files[TW_RENDER_FILES] = {
	[TW_RENDER_INI] = { "pgbouncer.ini", ';' },
	[TW_RENDER_USERLIST] = { "userlist.txt", ';' },
	[TW_RENDER_HBA] = { "hba.conf", '#' },
	[TW_RENDER_POOLER_UNIT] = { "pgbouncer.service.conf", '#' },
	[TW_RENDER_SERVER_UNIT] = { "server.service.conf", '#' },
	[TW_RENDER_LOGROTATE] = { "logrotate", '#' },
	[TW_RENDER_CRON] = { "cron", '#' },
	[TW_RENDER_CHECK_SERVICE] = { "check.service", '#' },
	[TW_RENDER_CHECK_TIMER] = { "check.timer", '#' },
	[TW_RENDER_RECOVER_SERVICE] = { "recover.service", '#' },
	[TW_RENDER_RECOVER_TARGET] = { "recover.target.conf", '#' },
};

const char *
tw_render_name(int file)
{
	return files[file].name;
}

void
tw_rendering_free(struct tw_rendering *r)
{
	for (int i = 0; i < TW_RENDER_FILES; i++)
		tw_buf_free(&r->file[i]);
}

/* templates_read reads the templates of the rendering's set into it. */
static bool
templates_read(const char *dir, struct tw_rendering *r, struct tw_err *e)
{
	bool ok = true;

	for (int i = r->first; ok && i < r->last; i++) {
		struct tw_buf path = TW_BUF_INIT;

		ok = tw_buf_printf(&path, e, "%s/%s.tmpl", dir, files[i].name) &&
		     (tw_file_read(path.data, TW_FILE_LIMIT, &r->file[i], NULL, e) ||
		      tw_context(e, "template"));
		tw_buf_free(&path);
	}
	return ok;
}

/* target_text writes "for PgBouncer 1.18.0 " where a version was rendered for. */
static const char *
target_text(int version, char out[48])
{
	*out = '\0';
	if (version != 0)
		snprintf(out, 48, "for PgBouncer %d.%d.%d ", version / 10000, version / 100 % 100,
		         version % 100);
	return out;
}

/* file_render appends the first line and the body of one file. */
static bool
file_render(int file, const struct tw_buf *text, const char *dir, const json_t *data,
            const char *site, int version, struct tw_buf *out, struct tw_err *e)
{
	struct tw_buf path = TW_BUF_INIT, body = TW_BUF_INIT;
	char digest[TW_SHA256_SIZE], target[48];
	bool ok = tw_buf_printf(&path, e, "%s/%s.tmpl", dir, files[file].name) &&
	          tw_tmpl_render(path.data, tw_buf_text(text), text->len, data, &body, e);

	if (ok) {
		tw_sha256(tw_buf_text(&body), body.len, digest);
		ok = tw_buf_printf(out, e,
		                   "%c twpool-render %s %sfrom %s (%s.tmpl); body sha256 %s\n",
		                   files[file].comment, TW_VERSION, target_text(version, target),
		                   site, files[file].name, digest) &&
		     tw_buf_add(out, tw_buf_text(&body), body.len, e);
	}
	tw_buf_free(&body);
	tw_buf_free(&path);
	return ok;
}

/* site_check refuses a path that would break the first line of a file. */
static bool
site_check(const struct tw_site *site, struct tw_err *e)
{
	for (const char *s = site->path; *s != '\0'; s++) {
		if (iscntrl((unsigned char)*s))
			return tw_fail(e, EX_USAGE, "the site file's path contains a control byte");
	}
	return true;
}

/* rendering_fill renders the set of `text`, its templates, with `data`. Takes both. */
static bool
rendering_fill(struct tw_rendering *text, json_t *data, const char *dir, const char *site,
               int version, struct tw_rendering *out, struct tw_err *e)
{
	struct tw_rendering own = { .first = text->first, .last = text->last };
	bool ok = data != NULL;

	for (int i = own.first; ok && i < own.last; i++)
		ok = file_render(i, &text->file[i], dir, data, site, version, &own.file[i], e);
	json_decref(data);
	tw_rendering_free(text);
	if (ok)
		*out = own;
	else
		tw_rendering_free(&own);
	return ok;
}

bool
tw_render(const struct tw_site *site, json_t *secrets, const char *templates, int version,
          struct tw_rendering *out, struct tw_err *e)
{
	struct tw_rendering text = { .first = 0, .last = TW_RENDER_HOST };
	const struct tw_buf *ini = &text.file[TW_RENDER_INI];
	json_t *data = NULL;

	if (site_check(site, e) && templates_read(templates, &text, e))
		data = tw_render_data(site, secrets, tw_buf_text(ini), ini->len, version, e);
	return rendering_fill(&text, data, templates, site->path, version, out, e);
}

bool
tw_render_host(const struct tw_site *site, const struct tw_render_programs *programs,
               const char *templates, struct tw_rendering *out, struct tw_err *e)
{
	struct tw_rendering text = { .first = TW_RENDER_HOST, .last = TW_RENDER_FILES };
	json_t *data = NULL;

	if (site_check(site, e) && templates_read(templates, &text, e))
		data = tw_render_host_data(site, programs, e);
	return rendering_fill(&text, data, templates, site->path, 0, out, e);
}
