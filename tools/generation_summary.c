/* SPDX-License-Identifier: ISC */
/* generation_summary.c: twpool-generation summary: a generation on one page. */
#include "generation.h"
#include "record/summary.h"

#include <stdlib.h>
#include <unistd.h>

/* newest_load reads the newest generation. */
static bool
newest_load(struct tw_record *r, struct tw_err *e)
{
	unsigned *list = NULL;
	size_t count = 0;
	bool ok = tw_record_numbers(&list, &count, e) &&
	          (count > 0 ||
	           tw_fail(e, EX_NOINPUT, "there is no generation: nothing was deployed")) &&
	          tw_record_load(list[count - 1], r, e);

	free(list);
	return ok;
}

/* page_write writes the page into its generation, and makes `path` its name. */
static bool
page_write(const struct tw_record *r, const json_t *summary, char *path, size_t size,
           struct tw_err *e)
{
	struct tw_attr attr = { .mode = 0600, .uid = geteuid(), .gid = getegid() };
	struct tw_buf page = TW_BUF_INIT;
	bool ok = tw_summary_page(summary, &page, e);

	snprintf(path, size, "%s/summary.txt", r->dir);
	ok = ok && tw_file_replace(path, page.data, page.len, &attr, e);
	tw_buf_free(&page);
	return ok;
}

/*
 * text_print prints the page; of one that was written the criteria and where it is, unless it goes
 * with a generation that changes nothing.
 */
static bool
text_print(const struct tw_record *r, const json_t *summary, const char *written, struct tw_err *e)
{
	struct tw_buf b = TW_BUF_INIT;
	bool ok = *written != '\0' ? tw_summary_table(summary, &b, e)
	                           : tw_summary_page(summary, &b, e);

	if (ok && *written != '\0' && json_array_size(tw_record_entries(r)) > 0)
		ok = tw_buf_printf(&b, e, "summary: %s\n", written);
	if (ok)
		fputs(tw_buf_text(&b), stdout);
	tw_buf_free(&b);
	return ok;
}

int
run_summary(const void *options, int n, char **operands, struct tw_err *e)
{
	const struct options *o = options;
	struct tw_record r = TW_RECORD_INIT;
	json_t *summary = NULL;
	char path[4096 + 16] = "";
	bool ok = n > 0 ? gen_load(operands[0], &r, e) : newest_load(&r, e), failed;

	ok = ok && (summary = tw_summary(&r, e)) != NULL;
	failed = ok && tw_summary_failed(summary);
	ok = ok && (!o->write || page_write(&r, summary, path, sizeof(path), e));
	if (ok)
		ok = o->json ? program_print(json_incref(summary), e)
		             : text_print(&r, summary, path, e);
	json_decref(summary);
	tw_record_free(&r);
	return ok ? failed : e->exit;
}
