/* SPDX-License-Identifier: ISC */
/* dsn_verify.c: whom to ask for twpool-dsn verify, and what it prints. */
#include "base/file.h"
#include "dsn_verify.h"
#include "pg/straggler.h"
#include "program.h"

#include <ctype.h>
#include <string.h>

/* sampler_read finds out whom to ask. */
static bool
sampler_read(const struct dsn_verify *v, const char *tool, const struct tw_site *site,
             struct tw_sampler *s, struct tw_err *e)
{
	static const char word[] = "fallback_application_name";

	return (v->console == NULL || tw_pg_dsn_read(v->console, NULL, &s->console, e) ||
	        tw_context(e, "--console")) &&
	       (v->postgres == NULL || tw_pg_dsn_read(v->postgres, NULL, &s->postgres, e) ||
	        tw_context(e, "--postgres")) &&
	       tw_sampler_site(s, site, tw_root(), tool, e) &&
	       tw_pg_params_default(&s->postgres, word, tool, e);
}

/* result_print prints the result; nothing where `quiet` and nobody is left. */
static bool
result_print(const struct tw_stragglers *s, const char *tool, bool json, bool quiet,
             struct tw_err *e)
{
	struct tw_buf text = TW_BUF_INIT;
	bool ok;

	if (quiet && s->two.n == 0)
		return true;
	if (json)
		return program_print(tw_stragglers_json(s, tool), e);
	ok = tw_stragglers_text(s, &text, e);
	if (ok)
		fputs(tw_buf_text(&text), stdout);
	tw_buf_free(&text);
	return ok;
}

/* since_check refuses a time that is not written as PostgreSQL's are here. */
static bool
since_check(const char *since, struct tw_err *e)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	bool ok = *since == '\0' || strlen(since) == strlen(form);

	for (size_t i = 0; ok && since[i] != '\0'; i++)
		ok = form[i] == '0' ? isdigit((unsigned char)since[i]) != 0 : since[i] == form[i];
	return ok || tw_fail(e, EX_USAGE, "--since '%s': expected a time such as %s", since,
	                     "2026-11-24T20:15:00Z");
}

int
dsn_verify(const struct dsn_verify *v, const char *tool, bool json, bool quiet, struct tw_err *e)
{
	struct tw_site site = TW_SITE_INIT;
	struct tw_sampler sampler = TW_SAMPLER_INIT;
	struct tw_stragglers stragglers = TW_STRAGGLERS_INIT;
	bool ok = v->site != NULL || tw_fail(e, EX_USAGE, "--site FILE is required");
	int code;

	tw_pg_environment_clear(true);
	stragglers.site = &site;
	stragglers.since = v->since != NULL ? v->since : "";
	ok = ok && since_check(stragglers.since, e) && tw_site_load(v->site, &site, e) &&
	     sampler_read(v, tool, &site, &sampler, e) &&
	     tw_stragglers_watch(&stragglers, &sampler, (tw_ms)(v->seconds * 1000), e) &&
	     result_print(&stragglers, tool, json, quiet, e);
	code = !ok ? e->exit : stragglers.two.n > 0 ? 1 : 0;
	if (code == EX_NOPERM && e->hint[0] == '\0')
		tw_hint(e, "run as root, or name others with --console and --postgres.");
	tw_stragglers_free(&stragglers);
	tw_sampler_free(&sampler);
	tw_site_free(&site);
	return code;
}
