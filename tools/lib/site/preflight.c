/* SPDX-License-Identifier: ISC */
/* preflight.c: findings as a table for people and as JSON for programs. */
#include "dsn/dsn_file.h"
#include "preflight.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 4

static const struct {
	const char *level, *severity;
} words[] = {
	[TW_PREFLIGHT_OK] = { "ok", "ok" },
	[TW_PREFLIGHT_WARNING] = { "warning", "warning" },
	[TW_PREFLIGHT_BUSY] = { "busy", "error" },
	[TW_PREFLIGHT_ERROR] = { "error", "error" },
};

void
tw_preflight_free(struct tw_preflight *p)
{
	free(p->row);
	*p = (struct tw_preflight)TW_PREFLIGHT_INIT;
}

/* level_read finds a level by its word. */
static bool
level_read(const char *word, enum tw_preflight_level *level, struct tw_err *e)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].level, word) == 0) {
			*level = (enum tw_preflight_level)i;
			return true;
		}
	}
	return tw_fail(e, EX_DATAERR, "no level '%s'", word);
}

/* row_add makes the next row out of its four fields. */
static bool
row_add(struct tw_preflight *p, const char *const *field, struct tw_err *e)
{
	struct tw_preflight_row row = { .id = field[1], .text = field[2], .remedy = field[3] };
	struct tw_preflight_row *grown;

	if (!level_read(field[0], &row.level, e))
		return false;
	if (*row.id == '\0' || *row.text == '\0')
		return tw_fail(e, EX_DATAERR, "finding %zu has no id or no text", p->n + 1);
	if (row.level != TW_PREFLIGHT_OK && *row.remedy == '\0')
		return tw_fail(e, EX_DATAERR, "finding '%s' has no remedy", row.text);
	grown = realloc(p->row, (p->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	p->row = grown;
	p->row[p->n++] = row;
	return true;
}

bool
tw_preflight_read(const struct tw_buf *in, struct tw_preflight *p, struct tw_err *e)
{
	const char *at = tw_buf_text(in), *end = at + in->len, *field[FIELDS];
	struct tw_preflight own = TW_PREFLIGHT_INIT;
	size_t n = 0;
	bool ok = in->len == 0 || end[-1] == '\0' ||
	          tw_fail(e, EX_DATAERR, "the last field is not ended by NUL");

	for (; ok && at < end; at += strlen(at) + 1) {
		field[n++] = at;
		if (n == FIELDS) {
			ok = row_add(&own, field, e);
			n = 0;
		}
	}
	if (ok && n != 0)
		ok = tw_fail(e, EX_DATAERR, "the last finding has %zu of %d fields", n, FIELDS);
	if (ok)
		*p = own;
	else
		tw_preflight_free(&own);
	return ok;
}

/* count_of is how many findings have this level. */
static size_t
count_of(const struct tw_preflight *p, enum tw_preflight_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < p->n; i++)
		count += p->row[i].level == level;
	return count;
}

int
tw_preflight_exit(const struct tw_preflight *p)
{
	if (count_of(p, TW_PREFLIGHT_ERROR) > 0)
		return EX_CONFIG;
	return count_of(p, TW_PREFLIGHT_BUSY) > 0 ? EX_TEMPFAIL : 0;
}

const char *
tw_preflight_status(const struct tw_preflight *p)
{
	switch (tw_preflight_exit(p)) {
	case 0:
		return "fit";
	case EX_TEMPFAIL:
		return "busy";
	default:
		return "unfit";
	}
}

/* row_print appends a finding and its remedy, control bytes escaped. */
static bool
row_print(const struct tw_preflight_row *row, struct tw_buf *b, struct tw_err *e)
{
	bool ok = tw_buf_printf(b, e, "  %-7s %-10s ", words[row->level].severity, row->id) &&
	          tw_dsn_printable(row->text, strlen(row->text), b, e) && tw_buf_puts(b, "\n", e);

	if (!ok || *row->remedy == '\0')
		return ok;
	return tw_buf_printf(b, e, "  %-7s %-10s -> ", "", "") &&
	       tw_dsn_printable(row->remedy, strlen(row->remedy), b, e) && tw_buf_puts(b, "\n", e);
}

bool
tw_preflight_table(const struct tw_preflight *p, struct tw_buf *b, struct tw_err *e)
{
	bool ok = true;

	for (enum tw_preflight_level level = 0; level <= TW_PREFLIGHT_ERROR; level++) {
		for (size_t i = 0; ok && i < p->n; i++)
			ok = p->row[i].level != level || row_print(&p->row[i], b, e);
	}
	return ok;
}

/* text_json is a new string; what is not UTF-8 in it becomes question marks. */
static json_t *
text_json(const char *text)
{
	json_t *json = json_string(text);
	char *copy = json == NULL ? strdup(text) : NULL;

	if (copy != NULL) {
		for (char *c = copy; *c != '\0'; c++)
			*c = (unsigned char)*c < 0x80 ? *c : '?';
		json = json_string(copy);
	}
	free(copy);
	return json;
}

json_t *
tw_preflight_json(const struct tw_preflight *p, const char *tool)
{
	json_t *report = tw_json_report(tool, tw_preflight_status(p)), *list = json_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct tw_preflight_row *row = &p->row[i];

		json_array_append_new(
		    list,
		    json_pack("{so ss so so}", "id", text_json(row->id), "severity",
		              words[row->level].severity, "text", text_json(row->text), "remedy",
		              *row->remedy != '\0' ? text_json(row->remedy) : json_null()));
	}
	json_object_set_new(report, "findings", list);
	return report;
}
