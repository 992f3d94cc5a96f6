/* SPDX-License-Identifier: ISC */
#include "config.h"

#ifdef GS_DSN_COMPILED
#include "compiled_dsn.h"
#endif

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* expand returns text with its first %DB% replaced by db, in a buffer of `buffer` bytes, cut
 * where it does not fit; the caller frees. NULL without memory. */
static char *
expand(const char *text, const char *db, size_t buffer)
{
	static const char hole[] = "%DB%";
	const char *at = strstr(text, hole);
	int head = (int)(at ? (size_t)(at - text) : strlen(text));
	char *out = calloc(1, buffer);
	if (out)
		snprintf(out, buffer, "%.*s%s%s", head, text, at ? db : "",
		         at ? at + sizeof hole - 1 : "");
	return out;
}

/* text_of returns the string under key, borrowed from root, or NULL. */
static const char *
text_of(const json_t *root, const char *key)
{
	return json_string_value(json_object_get(root, key));
}

static bool
take(const json_t *root, const char *file, size_t buffer, struct gs_config *out, struct gs_err *e)
{
#ifdef GS_DSN_COMPILED
	const char *app = COMPILED_DSN;
#else
	const char *app = text_of(root, "app");
#endif
	const char *admin = text_of(root, "admin");
	const char *db = text_of(root, "db");
	if (!app)
		return gs_fail(e, EX_CONFIG, "%s: no text under \"app\"", file);
	if (!db)
		return gs_fail(e, EX_CONFIG, "%s: no text under \"db\"", file);

	struct gs_config c = { expand(app, db, buffer), admin ? expand(admin, db, buffer) : NULL };
	if (!c.app || (admin && !c.admin)) {
		gs_config_free(&c);
		return gs_fail(e, EX_OSERR, "out of memory");
	}
	*out = c;
	return true;
}

bool
gs_config_read(const char *file, size_t buffer, struct gs_config *out, struct gs_err *e)
{
	FILE *in = fopen(file, "re");
	if (!in)
		return gs_fail(e, EX_NOINPUT, "%s: %s", file, strerror(errno));

	/* Not j.text: jansson quotes the text near a mistake, and that may be a password. */
	json_error_t j;
	json_t *root = json_loadf(in, 0, &j);
	fclose(in);
	if (!root)
		return gs_fail(e, EX_DATAERR, "%s:%d: not JSON", file, j.line);
	bool ok = take(root, file, buffer, out, e);
	json_decref(root);
	return ok;
}

static void
wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
gs_config_free(struct gs_config *config)
{
	wipe(&config->app);
	wipe(&config->admin);
}
