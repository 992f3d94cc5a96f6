/* SPDX-License-Identifier: ISC */
/* render.c: templates and data put together, and the first line that lets drift show. */
#include "render.h"
#include "file.h"
#include "tmpl.h"
#include "version.h"

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

/* templates_read reads the three templates. */
static bool
templates_read(const char *dir, struct tw_rendering *r, struct tw_err *e)
{
	bool ok = true;

	for (int i = 0; ok && i < TW_RENDER_FILES; i++) {
		struct tw_buf path = TW_BUF_INIT;

		ok = tw_buf_printf(&path, e, "%s/%s.tmpl", dir, files[i].name) &&
		     (tw_file_read(path.data, TW_FILE_LIMIT, &r->file[i], NULL, e) ||
		      tw_context(e, "template"));
		tw_buf_free(&path);
	}
	return ok;
}

/* file_render appends the first line and the body of one file. */
static bool
file_render(int file, const struct tw_buf *text, const char *dir, const json_t *data,
            const char *site, int version, struct tw_buf *out, struct tw_err *e)
{
	struct tw_buf path = TW_BUF_INIT, body = TW_BUF_INIT;
	char digest[TW_SHA256_SIZE];
	bool ok = tw_buf_printf(&path, e, "%s/%s.tmpl", dir, files[file].name) &&
	          tw_tmpl_render(path.data, tw_buf_text(text), text->len, data, &body, e);

	if (ok) {
		tw_sha256(tw_buf_text(&body), body.len, digest);
		ok = tw_buf_printf(out, e,
		                   "%c twpool-render %s for PgBouncer %d.%d.%d from %s (%s.tmpl); "
		                   "body sha256 %s\n",
		                   files[file].comment, TW_VERSION, version / 10000,
		                   version / 100 % 100, version % 100, site, files[file].name,
		                   digest) &&
		     tw_buf_add(out, tw_buf_text(&body), body.len, e);
	}
	tw_buf_free(&body);
	tw_buf_free(&path);
	return ok;
}

bool
tw_render(const struct tw_site *site, json_t *secrets, const char *templates, int version,
          struct tw_rendering *out, struct tw_err *e)
{
	struct tw_rendering text = TW_RENDERING_INIT, own = TW_RENDERING_INIT;
	const struct tw_buf *ini = &text.file[TW_RENDER_INI];
	json_t *data = NULL;
	bool ok = true;

	for (const char *s = site->path; ok && *s != '\0'; s++)
		ok = !iscntrl((unsigned char)*s) ||
		     tw_fail(e, EX_USAGE, "the site file's path contains a control byte");
	ok = ok && templates_read(templates, &text, e);
	if (ok) {
		data = tw_render_data(site, secrets, tw_buf_text(ini), ini->len, version, e);
		ok = data != NULL;
	}
	for (int i = 0; ok && i < TW_RENDER_FILES; i++)
		ok = file_render(i, &text.file[i], templates, data, site->path, version,
		                 &own.file[i], e);
	json_decref(data);
	tw_rendering_free(&text);
	if (!ok) {
		tw_rendering_free(&own);
		return false;
	}
	*out = own;
	return true;
}
