/* SPDX-License-Identifier: ISC */
/* container.c: what holds for every tokenizer, and for every DSN that is moved in what it reads. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* More DSNs of one input than these would only make it slow. */
#define MOVED_MAX 3

static const struct tw_dsn_target target = { NULL, 6432 };

/* text_check is a visit: a text stands inside the file, in order, at the place that it says. */
static bool
text_check(const struct tw_text *t, void *arg, struct tw_err *e)
{
	const struct tw_source *src = arg;
	/* columns count from after the byte order mark */
	size_t line = 1,
	       line_at = src->n >= 3 && memcmp(src->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	(void)e;
	fuzz_must(!t->broken, "a text that is visited is whole");
	fuzz_must(t->at.offset < src->n, "a text begins inside the file");
	for (size_t i = 0; i < t->at.offset; i++) {
		if (src->bytes[i] == '\n') {
			line++;
			line_at = i + 1;
		}
	}
	fuzz_must(t->at.line == line, "the line of a text is right");
	fuzz_must(t->at.column == t->at.offset - line_at + 1, "the column of a text is right");
	fuzz_must(t->last_line >= line, "a text does not end before it begins");
	for (size_t i = 0; i < t->bytes.len; i++) {
		const struct tw_raw *r = &t->raw[i], *last = i > 0 ? r - 1 : NULL;

		fuzz_must(r->begin < r->end && r->end <= src->n, "a byte stands inside the file");
		fuzz_must(r->begin >= t->at.offset, "a byte stands after its text's begin");
		fuzz_must(last == NULL || r->begin >= last->end ||
		              (r->begin == last->begin && r->end == last->end),
		          "bytes stand in order, or share an escape");
	}
	return true;
}

/* edits_check: every edit stands inside the DSN's own text, or right at its end. */
static void
edits_check(const struct tw_dsn_found *f, const struct tw_edits *edits)
{
	size_t begin = f->raw[0].begin, end = f->raw[f->text.len - 1].end;

	for (size_t i = 0; i < edits->n; i++) {
		size_t at = edits->item[i].offset;

		fuzz_must(at >= begin && at + edits->item[i].old.bytes.len <= end,
		          "an edit stands inside the DSN");
	}
}

/* again_check: what was moved is found as wanted, and needs no further move. */
static void
again_check(const struct tw_dsn_found *f)
{
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	struct tw_err e = TW_ERR_INIT;

	fuzz_must(tw_dsn_move(tw_buf_text(&f->text), &f->dsn, &target, &changes, &e),
	          "a DSN that was moved can be moved again");
	fuzz_must(changes.n == 0, "moved twice is moved once");
}

/* reread_check: where the edited file holds the same DSNs, they are as they shall be. */
static void
reread_check(const struct tw_source *old, const struct tw_dsn_list *list, size_t index,
             const struct tw_buf *moved, struct tw_edits *edits)
{
	struct tw_dsn_list after = TW_DSN_LIST_INIT;
	struct tw_buf made = TW_BUF_INIT, back = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;
	struct tw_source new;
	bool reverted = false;

	fuzz_must(tw_edits_apply(edits, old->bytes, old->n, &made, &e), "edits apply");
	fuzz_must(tw_edits_revert(edits, tw_buf_text(&made), made.len, &back, &reverted, &e),
	          "edits that were just made can be taken back");
	fuzz_must(reverted == (edits->n > 0) && back.len == old->n &&
	              memcmp(tw_buf_text(&back), old->bytes, old->n) == 0,
	          "edits that are taken back leave the file as it was");
	new = (struct tw_source){ old->path, tw_buf_text(&made), made.len, true };
	/* where this fails the program refuses the file: "cannot prove that it says the same" */
	if (tw_dsn_list_read(&new, &after, &e) && after.n == list->n &&
	    tw_dsn_bytes_same(&after.item[index].text, moved))
		again_check(&after.item[index]);
	tw_dsn_list_free(&after);
	tw_buf_free(&made);
	tw_buf_free(&back);
}

/* dsn_check moves one DSN of a file, if it can be. */
static void
dsn_check(const struct tw_source *src, const struct tw_dsn_list *list, size_t index)
{
	const struct tw_dsn_found *f = &list->item[index];
	struct tw_dsn_changes changes = TW_DSN_CHANGES_INIT;
	struct tw_edits edits = TW_EDITS_INIT;
	struct tw_buf moved = TW_BUF_INIT;
	struct tw_err e = TW_ERR_INIT;

	if (tw_dsn_move(tw_buf_text(&f->text), &f->dsn, &target, &changes, &e) &&
	    tw_dsn_changed(&f->text, &changes, &moved, &e) &&
	    tw_dsn_prove(tw_buf_text(&f->text), tw_buf_text(&moved), &target, &e) &&
	    tw_dsn_edits(src, f, &changes, &edits, &e)) {
		edits_check(f, &edits);
		reread_check(src, list, index, &moved, &edits);
	}
	tw_dsn_changes_free(&changes);
	tw_edits_free(&edits);
	tw_buf_free(&moved);
}

void
fuzz_container(const char *const *names, const uint8_t *data, size_t size)
{
	/* of its own, exactly as long as the input: a read past it is seen */
	char *bytes = malloc(size > 0 ? size : 1);

	fuzz_must(bytes != NULL, "there is memory");
	if (size > 0)
		memcpy(bytes, data, size);
	for (; *names != NULL; names++) {
		struct tw_source src = { *names, bytes, size, true };
		struct tw_dsn_list list = TW_DSN_LIST_INIT;
		struct tw_err e = TW_ERR_INIT;

		tw_text_scan(&src, text_check, &src, &e);
		if (tw_dsn_list_read(&src, &list, &e)) {
			fuzz_must(list.n == 0 || tw_dsn_may(&src),
			          "a file with a DSN is one that may have one");
			for (size_t i = 0; i < list.n && i < MOVED_MAX; i++)
				dsn_check(&src, &list, i);
		}
		tw_dsn_list_free(&list);
	}
	free(bytes);
}
